package lake

import "github.com/klauspost/compress/zstd"

// newPacker returns what compresses pages, which may be used concurrently. Higher levels of zstd cost
// twice the time here and save next to nothing, because the encodings leave little to find. Texts in
// which nothing repeats, such as numbers of thirteen digits, are half as large when their letters alone
// are packed.
func newPacker() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true),
		zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
}

// tryEvery is how many pages are not compressed after one that did not become smaller.
const tryEvery = 7

// pack compresses the values of a page, unless those of one shortly before did not become smaller by a
// thirtieth: numbers of words and differences of numbers are packed already, and to find nothing in
// them takes as long as to find something.
func (c *chunkWriter) pack(raw []byte) (packed []byte, compressed bool) {
	if c.dense > 0 && len(raw) > 0 {
		c.dense--
		return raw, false
	}
	c.packed = c.packer.EncodeAll(raw, c.packed[:0])
	if len(raw) > 0 && len(c.packed) > len(raw)-len(raw)/30 {
		c.dense = tryEvery
		return raw, false
	}
	return c.packed, true
}

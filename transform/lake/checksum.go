package lake

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

// Every file of a table carries a checksum, or something that is itself checked does:
//
//	catalog row       names the metadata file
//	metadata file     its name ends with a part of the SHA-256 of its bytes; says
//	manifest list     in the summary of its snapshot (propChecksums), as for
//	manifests         in the order of the list; these say the sizes and names of the
//	data files        whose names end with the CRC-32C of their bytes
//
// So a byte that was changed anywhere is found, and files that were written before there were
// checksums are told apart by their names.

// propChecksums is the summary property of a snapshot with the CRC-32C of its manifest list and of
// each manifest in it, in hexadecimal, comma-separated.
const propChecksums = "satudata.checksums"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// metadataSuffix ends the names of metadata files.
const metadataSuffix = ".metadata.json"

// sealedName puts the checksum of a metadata file into its name, 00007-<uuid>.metadata.json: the last
// eight bytes of the UUID come from the SHA-256 of the content, and its version is 8, which leaves its
// bits to whoever makes it. What remains is random: a name is of one attempt to commit alone.
func sealedName(location string, content []byte) (string, error) {
	stem, ok := strings.CutSuffix(location, metadataSuffix)
	if !ok || len(stem) < 36 {
		return "", fmt.Errorf("seal %s: not the name of a metadata file", location)
	}
	id, err := uuid.Parse(stem[len(stem)-36:])
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", location, err)
	}
	return stem[:len(stem)-36] + seal(id, content).String() + metadataSuffix, nil
}

func seal(id uuid.UUID, content []byte) uuid.UUID {
	sum := sha256.Sum256(content)
	copy(id[8:], sum[:])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// breaksSeal says whether the name of a metadata file has a checksum that is not that of its content.
func breaksSeal(location string, content []byte) bool {
	stem := strings.TrimSuffix(path.Base(location), metadataSuffix)
	if len(stem) < 36 {
		return false
	}
	id, err := uuid.Parse(stem[len(stem)-36:])
	return err == nil && id.Version() == 8 && seal(id, content) != id
}

// sealed adds to the snapshots among updates the checksums of their manifest lists and manifests.
func sealed(meta table.Metadata, updates []table.Update) ([]table.Update, error) {
	out := make([]table.Update, len(updates))
	copy(out, updates)
	for i, u := range updates {
		if u.Action() != table.UpdateAddSnapshot {
			continue
		}
		text, err := json.Marshal(u)
		if err != nil {
			return nil, err
		}
		var added struct {
			Snapshot table.Snapshot `json:"snapshot"`
		}
		if err := json.Unmarshal(text, &added); err != nil {
			return nil, err
		}
		snap := &added.Snapshot
		sums, err := checksums(meta, snap)
		if err != nil {
			return nil, fmt.Errorf("checksum snapshot: %w", err)
		}
		if snap.Summary == nil {
			snap.Summary = &table.Summary{Operation: table.OpAppend}
		}
		properties := iceberg.Properties{propChecksums: strings.Join(sums, ",")}
		maps.Copy(properties, snap.Summary.Properties)
		snap.Summary.Properties = properties
		out[i] = table.NewAddSnapshotUpdate(snap)
	}
	return out, nil
}

// checksums are those of a new snapshot. What its parent knows of manifests is not computed again: by
// now they may be damaged.
func checksums(meta table.Metadata, snap *table.Snapshot) ([]string, error) {
	known := map[string]string{}
	if snap.ParentSnapshotID != nil {
		if parent := meta.SnapshotByID(*snap.ParentSnapshotID); parent != nil {
			manifests, err := parent.Manifests(files{})
			if err != nil {
				return nil, err
			}
			_, known = recorded(parent, manifests)
		}
	}
	sum, _, err := checksum(snap.ManifestList)
	if err != nil {
		return nil, err
	}
	manifests, err := snap.Manifests(files{})
	if err != nil {
		return nil, err
	}
	sums := []string{sum}
	for _, m := range manifests {
		sum, ok := known[m.FilePath()]
		if !ok {
			if sum, _, err = checksum(m.FilePath()); err != nil {
				return nil, err
			}
		}
		sums = append(sums, sum)
	}
	return sums, nil
}

// recorded are the checksums of a snapshot's manifest list and of its manifests by their paths, ""
// and nothing for a snapshot from before there were any.
func recorded(snap *table.Snapshot, manifests []iceberg.ManifestFile) (list string, of map[string]string) {
	of = map[string]string{}
	if snap.Summary == nil {
		return "", of
	}
	sums := strings.Split(snap.Summary.Properties[propChecksums], ",")
	if len(sums) == len(manifests)+1 {
		for i, m := range manifests {
			of[m.FilePath()] = sums[i+1]
		}
	}
	return sums[0], of
}

// checksum is the CRC-32C of a file and its size.
func checksum(location string) (sum string, size int64, err error) {
	name, err := pathOf(location)
	if err != nil {
		return "", 0, err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := crc32.New(castagnoli)
	size, err = io.CopyBuffer(h, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return fmt.Sprintf("%08x", h.Sum32()), size, err
}

// dataName is the name of a data file whose bytes have a checksum.
func dataName(id uuid.UUID, sum uint32) string { return fmt.Sprintf("%s-%08x.parquet", id, sum) }

// sumIn is the checksum in the name of a data file, "" for one from before there were any.
func sumIn(location string) string {
	_, sum, ok := strings.Cut(strings.TrimSuffix(path.Base(location), ".parquet"), "-")
	if i := strings.LastIndexByte(sum, '-'); ok && i >= 0 && len(sum)-i-1 == 8 {
		return sum[i+1:]
	}
	return ""
}

// decodesTo says whether a metadata file is one, of the table in a folder.
func decodesTo(content []byte, folder string) (table.Metadata, error) {
	meta, err := table.ParseMetadataBytes(bytes.TrimSpace(content))
	if err != nil {
		return nil, err
	}
	at, err := pathOf(meta.Location())
	if err != nil {
		return nil, err
	}
	if at != folder {
		return nil, fmt.Errorf("it is of the table in %s", at)
	}
	return meta, nil
}

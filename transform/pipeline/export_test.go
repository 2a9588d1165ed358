package pipeline

// KeyMemory is how much memory the keys of deliveries under way take up, as w has counted it and as it is.
func (w *Worker) KeyMemory() (counted, held int64) {
	for _, l := range w.lands {
		for _, k := range l.keys {
			here, moved := k.Bytes()
			held += here + moved
		}
	}
	return w.keyed.Load(), held
}

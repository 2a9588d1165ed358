package file

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Notices tells of changes in folders as they happen. The kernel tells only of what this machine does,
// so a folder that another machine writes to must be looked at from time to time all the same.
type Notices struct {
	C     <-chan Notice // closed by Close
	inbox *os.File

	mu      sync.Mutex // guards folders
	folders map[int32]string
	ended   sync.WaitGroup
}

// Notice is one change. An empty Path says that some were missed: anything may have changed.
type Notice struct {
	Folder, Path string
	Whole        bool // the file was moved to its place, so nobody is writing it
}

// OpenNotices begins to listen.
func OpenNotices() (*Notices, error) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	c := make(chan Notice, 64)
	n := &Notices{C: c, inbox: os.NewFile(uintptr(fd), "inotify"), folders: map[int32]string{}}
	n.ended.Go(func() {
		defer close(c)
		n.listen(c)
	})
	return n, nil
}

// Add listens to a folder. One that is listened to already changes nothing.
func (n *Notices) Add(folder string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	raw, err := n.inbox.SyscallConn()
	if err != nil {
		return err
	}
	var watch int
	var failed error
	err = raw.Control(func(fd uintptr) {
		watch, failed = syscall.InotifyAddWatch(int(fd), folder, syscall.IN_CREATE|syscall.IN_CLOSE_WRITE|syscall.IN_MOVED_TO|syscall.IN_ONLYDIR)
	})
	if err = errors.Join(err, failed); err != nil {
		return &os.PathError{Op: "inotify_add_watch", Path: folder, Err: err}
	}
	n.folders[int32(watch)] = folder
	return nil
}

// Close stops listening. It may be called twice.
func (n *Notices) Close() error {
	err := n.inbox.Close()
	for range n.C { // whoever is sending is let go
	}
	n.ended.Wait()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// listen sends what the kernel tells until the inbox is closed.
func (n *Notices) listen(c chan<- Notice) {
	buf := make([]byte, 64<<10)
	for {
		got, err := n.inbox.Read(buf)
		if err != nil {
			return
		}
		for b := buf[:got]; len(b) >= syscall.SizeofInotifyEvent; {
			watch, mask := int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint32(b[4:])
			size := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
			name := strings.TrimRight(string(b[syscall.SizeofInotifyEvent:size]), "\x00")
			b = b[size:]
			if notice, ok := n.notice(watch, mask, name); ok {
				c <- notice
			}
		}
	}
}

// notice is what an event means, if anything.
func (n *Notices) notice(watch int32, mask uint32, name string) (Notice, bool) {
	if mask&syscall.IN_Q_OVERFLOW != 0 {
		return Notice{}, true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	folder, known := n.folders[watch]
	if mask&syscall.IN_IGNORED != 0 { // the folder is gone
		delete(n.folders, watch)
	}
	if !known || name == "" {
		return Notice{}, false
	}
	return Notice{Folder: folder, Path: filepath.Join(folder, name), Whole: mask&syscall.IN_MOVED_TO != 0}, true
}

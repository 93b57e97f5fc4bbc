// POSIX; file_io_windows.cpp has the same for Windows.
#ifndef _WIN32

#include "file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "../include/status.h"

namespace kairank {

namespace {

constexpr int kTries = 100;                           // of names for a temporary file
constexpr uint64_t kAnnounced = uint64_t{128} << 10;  // of more, Linux would ignore the rest
constexpr size_t kMostAtOnce = size_t{1} << 30;       // what one call of every system takes
constexpr mode_t kMode = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;  // less the umask

[[noreturn]] void refuse(const std::string& path, const char* what, int code) {
  throw Error(Status::io,
              "The file '" + path + "' could not be " + what + ": " + std::generic_category().message(code) + ".");
}

std::string folderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

int syncToDisk(int file) {
#ifdef F_FULLFSYNC
  // On macOS, fsync leaves the bytes in the cache of the disk.
  if (fcntl(file, F_FULLFSYNC) == 0) return 0;
#endif
  return fsync(file);
}

/// Makes the change of a name last. File systems that cannot sync a folder say so with EINVAL.
int syncFolder(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const int code = fsync(file) == 0 || errno == EINVAL ? 0 : errno;
  close(file);
  return code;
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  // Without the flag, opening a pipe would wait for somebody to write into it.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) refuse(path, "opened", errno);
  struct stat about {};
  const bool known = fstat(file, &about) == 0;
  if (!known || !S_ISREG(about.st_mode)) {
    const int code = !known ? errno : S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
    close(file);
    refuse(path, "opened", code);
  }
  handle_ = file;
  size_ = static_cast<uint64_t>(about.st_size);
#ifdef POSIX_FADV_RANDOM
  // A walk jumps: what the system would read around each page is rarely wanted, and delays what is.
  posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
#endif
}

InputFile::~InputFile() { close(static_cast<int>(handle_)); }

int InputFile::descriptor() const { return static_cast<int>(handle_); }

void InputFile::read(uint64_t offset, void* out, size_t bytes) const {
  uint8_t* to = static_cast<uint8_t*>(out);
  while (bytes > 0) {
    const ssize_t got = pread(descriptor(), to, std::min(bytes, kMostAtOnce), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(path_, "read", errno);
    if (got == 0) throw Error(Status::corruptFile, "The file '" + path_ + "' is truncated.");
    to += got;
    offset += static_cast<uint64_t>(got);
    bytes -= static_cast<size_t>(got);
  }
}

void InputFile::announce(uint64_t offset, uint64_t bytes) const {
#ifdef POSIX_FADV_WILLNEED
  for (uint64_t at = 0; at < bytes; at += kAnnounced) {
    posix_fadvise(descriptor(), static_cast<off_t>(offset + at), static_cast<off_t>(std::min(kAnnounced, bytes - at)),
                  POSIX_FADV_WILLNEED);
  }
#else
  (void)offset;
  (void)bytes;
#endif
}

OutputFile::OutputFile(const std::string& path) : path_(path) {
  static std::atomic<unsigned> number{0};
  for (int turn = 0; turn < kTries; turn++) {
    temporary_ = path + ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(number.fetch_add(1));
    const int file = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
    if (file >= 0) {
      handle_ = file;
      return;
    }
    if (errno != EEXIST) refuse(temporary_, "created", errno);
  }
  refuse(temporary_, "created", EEXIST);
}

OutputFile::~OutputFile() {
  if (handle_ >= 0) close();
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void OutputFile::close() {
  ::close(static_cast<int>(handle_));
  handle_ = -1;
}

void OutputFile::write(uint64_t offset, const void* data, size_t bytes) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  while (bytes > 0) {
    const ssize_t put =
        pwrite(static_cast<int>(handle_), from, std::min(bytes, kMostAtOnce), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) refuse(temporary_, "written", errno);
    from += put;
    offset += static_cast<uint64_t>(put);
    bytes -= static_cast<size_t>(put);
  }
}

void OutputFile::commit() {
  if (syncToDisk(static_cast<int>(handle_)) != 0) refuse(temporary_, "written", errno);
  close();
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) refuse(path_, "replaced", errno);
  temporary_.clear();
  const int code = syncFolder(folderOf(path_));
  if (code != 0) refuse(path_, "synced with its folder", code);
}

}  // namespace kairank

#endif

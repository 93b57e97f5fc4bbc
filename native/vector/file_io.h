#pragma once
// Files as an index needs them: one that is read anywhere, and one that takes the place of another only when all of it
// is on the disk. Errors name the file.

#include <cstddef>
#include <cstdint>
#include <string>

namespace kairank {

class InputFile {
 public:
  /// @throws Error(io)
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }

  /// Any thread.
  /// @throws Error(io); Error(corruptFile) when the file ends before
  void read(uint64_t offset, void* out, size_t bytes) const;

  /// Says what will be read soon, so that the disk can begin.
  void announce(uint64_t offset, uint64_t bytes) const;

  /// For Region::map; -1 where files are not mapped.
  int descriptor() const;

 private:
  const std::string path_;
  intptr_t handle_ = -1;
  uint64_t size_ = 0;
};

class OutputFile {
 public:
  /// Opens a file of a name of its own beside `path`.
  /// @throws Error(io)
  explicit OutputFile(const std::string& path);
  /// What was not committed is deleted.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// @throws Error(io)
  void write(uint64_t offset, const void* data, size_t bytes);

  /// Brings everything to the disk and puts the file where `path` says; when it fails, what was there is still there.
  /// @throws Error(io)
  void commit();

 private:
  void close();

  const std::string path_;
  std::string temporary_;
  intptr_t handle_ = -1;
};

}  // namespace kairank

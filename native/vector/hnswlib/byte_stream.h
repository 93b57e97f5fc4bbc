#pragma once
// Bytes in order, from a file or from memory, and back: what the codecs of files read and write.

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace kairank {

class ByteReader {
 public:
  virtual ~ByteReader() = default;
  /// Bytes that are left.
  virtual uint64_t left() const = 0;
  /// The next n bytes; false where there are fewer.
  virtual bool read(void* out, size_t n) = 0;
};

class ByteWriter {
 public:
  virtual ~ByteWriter() = default;
  virtual void write(const void* data, size_t n) = 0;
  /// n bytes of zero.
  virtual void zeros(uint64_t n) = 0;
};

class MemoryReader final : public ByteReader {
 public:
  MemoryReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint64_t left() const override { return size_; }
  bool read(void* out, size_t n) override;

 private:
  const uint8_t* data_;
  size_t size_;
};

class MemoryWriter final : public ByteWriter {
 public:
  void write(const void* data, size_t n) override;
  void zeros(uint64_t n) override { bytes.resize(bytes.size() + n); }
  std::vector<uint8_t> bytes;
};

/// A file by its UTF-8 path. Throws Error(notFound) where it cannot be opened.
class FileReader final : public ByteReader {
 public:
  explicit FileReader(const std::string& path);
  uint64_t left() const override { return left_; }
  bool read(void* out, size_t n) override;

 private:
  std::vector<char> buffer_;
  std::ifstream file_;
  uint64_t left_ = 0;
};

/// Replaces what the file held. Throws Error where it cannot be opened or written.
class FileWriter final : public ByteWriter {
 public:
  explicit FileWriter(const std::string& path);
  void write(const void* data, size_t n) override;
  /// As a hole, where the file system knows holes.
  void zeros(uint64_t n) override;
  /// Must be called last: until then the bytes may not have arrived.
  void finish();

 private:
  std::string path_;
  std::vector<char> buffer_;
  std::ofstream file_;
};

}  // namespace kairank

#include "byte_stream.h"

#include <cstring>
#include <filesystem>

#include "../../include/status.h"

namespace kairank {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

/// The path of a UTF-8 name. A name with a zero in it would be cut there, and be another file's.
std::filesystem::path pathOf(const std::string& name) {
  if (name.find('\0') != std::string::npos) throw Error(Status::notFound, "failed to open file: " + name);
  return std::filesystem::u8path(name);
}

}  // namespace

bool MemoryReader::read(void* out, size_t n) {
  if (n > size_) return false;
  if (n != 0) std::memcpy(out, data_, n);
  data_ += n;
  size_ -= n;
  return true;
}

void MemoryWriter::write(const void* data, size_t n) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  bytes.insert(bytes.end(), from, from + n);
}

FileReader::FileReader(const std::string& path) : buffer_(kBufferBytes) {
  file_.rdbuf()->pubsetbuf(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  file_.open(pathOf(path), std::ios::binary);
  if (!file_.is_open()) throw Error(Status::notFound, "failed to open file: " + path);
  // What has no end (a folder, a pipe) counts as empty, and a codec refuses it.
  file_.seekg(0, std::ios::end);
  const std::streamoff end = file_.tellg();
  std::error_code failed;
  if (end > 0 && std::filesystem::is_regular_file(pathOf(path), failed)) left_ = static_cast<uint64_t>(end);
  file_.clear();
  file_.seekg(0, std::ios::beg);
}

bool FileReader::read(void* out, size_t n) {
  if (n > left_ || !file_.read(static_cast<char*>(out), static_cast<std::streamsize>(n))) return false;
  left_ -= n;
  return true;
}

FileWriter::FileWriter(const std::string& path) : path_(path), buffer_(kBufferBytes) {
  file_.rdbuf()->pubsetbuf(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  file_.open(pathOf(path), std::ios::binary | std::ios::trunc);
  if (!file_.is_open()) throw Error(Status::notFound, "failed to open file: " + path);
}

void FileWriter::write(const void* data, size_t n) {
  if (!file_.write(static_cast<const char*>(data), static_cast<std::streamsize>(n))) {
    throw Error(Status::internal, "failed to write file: " + path_);
  }
}

void FileWriter::zeros(uint64_t n) {
  if (n == 0) return;
  if (!file_.seekp(static_cast<std::streamoff>(n - 1), std::ios::cur)) {
    throw Error(Status::internal, "failed to write file: " + path_);
  }
  const char zero = 0;
  write(&zero, 1);
}

void FileWriter::finish() {
  file_.close();
  if (file_.fail()) throw Error(Status::internal, "failed to write file: " + path_);
}

}  // namespace kairank

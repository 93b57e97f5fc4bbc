#pragma once
// Writes the sections of a file one after the other, and computes the checksums of their blocks on the way.

#include <cstdint>
#include <vector>

#include "file_io.h"
#include "file_layout.h"

namespace kairank {

class SectionWriter {
 public:
  SectionWriter(OutputFile& file, const FileHeader& header) : file_(file), header_(header) {
    block_.reserve(kFileBlock);
  }

  /// Sections come in order; each gets as many bytes as the header says. Those that are left out must be empty.
  void begin(Section section);
  void append(const void* data, size_t bytes);
  template <typename T>
  void append(const T& value) {
    append(&value, sizeof value);
  }

  /// Writes the checksums and returns theirs.
  uint32_t finish();

 private:
  void flush();

  OutputFile& file_;
  const FileHeader& header_;
  uint64_t at_ = 0;
  std::vector<uint8_t> block_;
  std::vector<uint32_t> checksums_;
};

}  // namespace kairank

#include "section_writer.h"

#include <algorithm>
#include <cstring>

#include "crc32c.h"

namespace kairank {

void SectionWriter::begin(Section section) {
  flush();
  at_ = header_.sections[static_cast<size_t>(section)].offset;
}

void SectionWriter::append(const void* data, size_t bytes) {
  const uint8_t* from = static_cast<const uint8_t*>(data);
  while (bytes > 0) {
    const size_t count = std::min(bytes, kFileBlock - block_.size());
    block_.insert(block_.end(), from, from + count);
    from += count;
    bytes -= count;
    if (block_.size() == kFileBlock) flush();
  }
}

void SectionWriter::flush() {
  if (block_.empty()) return;
  file_.write(at_, block_.data(), block_.size());
  checksums_.push_back(crc32c(block_.data(), block_.size()));
  at_ += block_.size();
  block_.clear();
}

uint32_t SectionWriter::finish() {
  flush();
  const size_t bytes = checksums_.size() * sizeof(uint32_t);
  file_.write(header_.sections[static_cast<size_t>(Section::checksums)].offset, checksums_.data(), bytes);
  return crc32c(checksums_.data(), bytes);
}

}  // namespace kairank

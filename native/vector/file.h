#pragma once
// An index as one file: written whole or not at all, mapped when it is opened. file_layout.h says what is in it.

#include <memory>
#include <string>

#include "index.h"

namespace kairank {

/// How much of a file is checked against its checksums before an index answers. The header, the lengths, and everything
/// that is copied into memory always are; the bytes of vectors, codes, links and ids can wait, because nothing they
/// hold makes a search or a write leave its bounds.
enum class Verification : uint8_t {
  background,  // by a thread, at once; an altered block makes every later call on the index fail
  all,         // before the index is there
  none,        // not at all: for tests of the sentence above
};

/// Writes an index to a file. Searches go on meanwhile, writers wait. The file is complete and on the disk when this
/// returns; when it throws, a file that was there before is still there.
/// @throws Error(io), Error(corruptFile) when the file that the index was opened from is
void saveIndex(const VectorIndex& index, const std::string& path);

/// Opens an index that was saved. It can be searched and written at once; what is written stays in memory until it is
/// saved. The file may be replaced meanwhile, by a save or by another name, but not overwritten or truncated in place.
/// @throws Error(io), Error(corruptFile), Error(unsupportedFormat), Error(outOfMemory)
std::shared_ptr<VectorIndex> openIndex(const std::string& path, Verification verification);

inline std::shared_ptr<VectorIndex> openIndex(const std::string& path, bool verifyAll) {
  return openIndex(path, verifyAll ? Verification::all : Verification::background);
}

}  // namespace kairank

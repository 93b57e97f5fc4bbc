#pragma once
// The checksum of index files: CRC32C (Castagnoli's polynomial, as in RFC 3720, appendix B.4), which x86-64-v2 and many
// armv8 CPUs compute with an instruction.

#include <cstddef>
#include <cstdint>

namespace kairank {

/// Of bytes that come after others whose checksum is `before`.
uint32_t crc32c(const void* data, size_t bytes, uint32_t before = 0);

/// The same by tables: what runs where the compiler has no instruction for it.
uint32_t crc32cByTables(const void* data, size_t bytes, uint32_t before = 0);

}  // namespace kairank

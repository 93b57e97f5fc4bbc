#include "crc32c.h"

#include <array>
#include <cstring>

#if defined(__SSE4_2__) || defined(_M_X64)
#include <nmmintrin.h>
#define KAIRANK_CRC_X86 1
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define KAIRANK_CRC_ARM 1
#endif

namespace kairank {

namespace {

constexpr uint32_t kPolynomial = 0x82F63B78u;  // reflected
constexpr size_t kSlices = 8;

using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

/// tables[s][b] is the remainder of byte b with s zero bytes behind it.
Tables makeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >> 1) ^ kPolynomial : rest >> 1;
    tables[0][byte] = rest;
  }
  for (uint32_t byte = 0; byte < 256; byte++) {
    for (size_t s = 1; s < kSlices; s++) {
      const uint32_t rest = tables[s - 1][byte];
      tables[s][byte] = (rest >> 8) ^ tables[0][rest & 0xFF];
    }
  }
  return tables;
}

}  // namespace

/// Eight bytes a step (Kounavis & Berry 2005, "slicing by 8").
uint32_t crc32cByTables(const void* data, size_t bytes, uint32_t before) {
  static const Tables tables = makeTables();
  const uint8_t* at = static_cast<const uint8_t*>(data);
  uint32_t crc = ~before;
  for (; bytes >= kSlices; bytes -= kSlices, at += kSlices) {
    const uint32_t low = crc ^ (static_cast<uint32_t>(at[0]) | static_cast<uint32_t>(at[1]) << 8 |
                                static_cast<uint32_t>(at[2]) << 16 | static_cast<uint32_t>(at[3]) << 24);
    crc = tables[7][low & 0xFF] ^ tables[6][(low >> 8) & 0xFF] ^ tables[5][(low >> 16) & 0xFF] ^ tables[4][low >> 24] ^
          tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
  }
  for (; bytes > 0; bytes--, at++) crc = (crc >> 8) ^ tables[0][(crc ^ *at) & 0xFF];
  return ~crc;
}

#if defined(KAIRANK_CRC_X86) || defined(KAIRANK_CRC_ARM)

namespace {

uint32_t stepWord(uint32_t crc, uint64_t word) {
#ifdef KAIRANK_CRC_X86
  return static_cast<uint32_t>(_mm_crc32_u64(crc, word));
#else
  return __crc32cd(crc, word);
#endif
}

uint32_t stepByte(uint32_t crc, uint8_t byte) {
#ifdef KAIRANK_CRC_X86
  return _mm_crc32_u8(crc, byte);
#else
  return __crc32cb(crc, byte);
#endif
}

}  // namespace

uint32_t crc32c(const void* data, size_t bytes, uint32_t before) {
  const uint8_t* at = static_cast<const uint8_t*>(data);
  uint32_t crc = ~before;
  for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    crc = stepWord(crc, word);
  }
  for (; bytes > 0; bytes--, at++) crc = stepByte(crc, *at);
  return ~crc;
}

#else

uint32_t crc32c(const void* data, size_t bytes, uint32_t before) { return crc32cByTables(data, bytes, before); }

#endif

}  // namespace kairank

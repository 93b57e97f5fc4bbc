#include <cstring>

#include "gather.h"

namespace kairank {
namespace {

constexpr size_t kBlock = 32;

float scoreOf(const CodeQuery& query, const uint8_t* trailer, int32_t sum) {
  float row[2];
  std::memcpy(row, trailer, sizeof row);
  return row[0] * (query.scale * static_cast<float>(sum) + query.offset) + row[1];
}

int32_t sumI4(const CodeQuery& query, const uint8_t* row) {
  int32_t sum = 0;
  for (size_t b = 0; b < query.blocks; ++b) {
    const int8_t* low = query.lanes + 2 * kBlock * b;
    const int8_t* high = low + kBlock;
    for (size_t i = 0; i < kBlock; ++i) {
      const int32_t code = row[kBlock * b + i];
      sum += low[i] * (code & 15) + high[i] * (code >> 4);
    }
  }
  return sum;
}

int32_t sumI8(const CodeQuery& query, const uint8_t* row) {
  int32_t sum = 0;
  for (size_t i = 0; i < kBlock * query.blocks; ++i) sum += query.lanes[i] * static_cast<int8_t>(row[i]);
  return sum;
}

}  // namespace

void gatherI4Scalar(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, const uint32_t* rows,
                    size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* row = codes + rows[i] * stride;
    out[i] = scoreOf(query, row + trailer, sumI4(query, row));
  }
}

void gatherI8Scalar(const CodeQuery& query, const uint8_t* codes, size_t stride, size_t trailer, const uint32_t* rows,
                    size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* row = codes + rows[i] * stride;
    out[i] = scoreOf(query, row + trailer, sumI8(query, row));
  }
}

}  // namespace kairank

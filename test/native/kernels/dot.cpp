// One query against rows, every target, against double.

#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "oracle.h"
#include "random.h"
#include "tables.h"

namespace {

using kairank::KernelTable;

std::vector<size_t> dims() {
  std::vector<size_t> all;
  for (size_t dim = 0; dim <= 70; ++dim) all.push_back(dim);
  for (const size_t dim : {95, 96, 97, 100, 127, 128, 129, 255, 256, 300, 511, 768, 1000, 1536, 2047, 4095, 4096}) {
    all.push_back(dim);
  }
  return all;
}

template <typename T>
T anyValue(Random& random);
template <>
float anyValue<float>(Random& random) {
  return random.spread();
}
template <>
uint16_t anyValue<uint16_t>(Random& random) {
  const float value = random.spread();
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>(bits >> 16);
}
template <>
int8_t anyValue<int8_t>(Random& random) {
  return static_cast<int8_t>(random.next());
}

/// Calls the kernel on memory that ends with the last element of the last row, and with the last score.
template <typename In, typename Out, typename Compare>
void checkRows(void (*kernel)(const In*, const In*, size_t, size_t, size_t, Out*), Compare same) {
  Random random(1);
  for (const size_t dim : dims()) {
    for (const size_t count : {0, 1, 2, 3, 4, 5, 7, 8, 9, 17}) {
      const size_t stride = dim + (count % 3) * 5;
      Guarded<In> query(dim);
      Guarded<In> rows(count == 0 ? 0 : (count - 1) * stride + dim);
      Guarded<Out> out(count);
      for (size_t k = 0; k < dim; ++k) query[k] = anyValue<In>(random);
      for (size_t k = 0; k < rows.size(); ++k) rows[k] = anyValue<In>(random);
      kernel(query.data(), rows.data(), stride, count, dim, out.data());
      for (size_t i = 0; i < count; ++i) {
        CHECK_THAT(same(out[i], expectedDot(query.data(), rows.data() + i * stride, dim), dim),
                   "dim " << dim << " count " << count << " row " << i << ": " << out[i]);
      }
    }
  }
}

bool sameF32(float got, const Expected& expected, size_t dim) {
  return agrees(got, expected, static_cast<double>(dim) / 8 + 8, dim);
}

bool sameBf16(float got, const Expected& expected, size_t dim) {
  return agrees(got, expected, static_cast<double>(dim) / 4 + 8, dim);
}

bool sameI8(int32_t got, int64_t expected, size_t) { return got == expected; }

/// NaN and infinities, at every position of the vector, in the query and in one row of several.
void checkSpecial(const KernelTable& table) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  constexpr size_t kCount = 6;
  for (const size_t dim : {1, 7, 8, 9, 16, 17, 33, 64, 100}) {
    for (size_t at = 0; at < dim; ++at) {
      for (const float special : {nan, inf, -inf}) {
        Guarded<float> query(dim);
        Guarded<float> rows(kCount * dim);
        Guarded<float> out(kCount);
        for (size_t k = 0; k < dim; ++k) query[k] = k == at ? 0.0f : 1.0f;
        for (size_t k = 0; k < rows.size(); ++k) rows[k] = 1.0f;
        rows[2 * dim + at] = special;  // times 0: NaN
        table.dotF32(query.data(), rows.data(), dim, kCount, dim, out.data());
        for (size_t i = 0; i < kCount; ++i) CHECK(i == 2 ? std::isnan(out[i]) : out[i] == static_cast<float>(dim - 1));
        query[at] = 2.0f;
        table.dotF32(query.data(), rows.data(), dim, kCount, dim, out.data());
        for (size_t i = 0; i < kCount; ++i) {
          CHECK(agrees(out[i], expectedDot(query.data(), rows.data() + i * dim, dim), static_cast<double>(dim), dim));
        }
        Guarded<uint16_t> query16(dim);
        Guarded<uint16_t> rows16(kCount * dim);
        table.toBf16(query.data(), query16.data(), dim);
        table.toBf16(rows.data(), rows16.data(), rows.size());
        table.dotBf16(query16.data(), rows16.data(), dim, kCount, dim, out.data());
        for (size_t i = 0; i < kCount; ++i) {
          CHECK(
              agrees(out[i], expectedDot(query16.data(), rows16.data() + i * dim, dim), static_cast<double>(dim), dim));
        }
      }
    }
  }
}

/// A bf16 denormal is zero: beside a large number, and beside an infinity, where it gives NaN.
void checkDenormals(const KernelTable& table) {
  constexpr uint16_t kDenormal = 0x007F;
  constexpr uint16_t kLarge = 0x7F00;  // 2^127
  constexpr uint16_t kInfinity = 0x7F80;
  for (const size_t dim : {1, 5, 16, 31, 32, 33, 40, 64}) {
    for (size_t at = 0; at < dim; ++at) {
      Guarded<uint16_t> query(dim);
      Guarded<uint16_t> rows(5 * dim);
      Guarded<float> out(5);
      query[at] = kDenormal;
      for (size_t i = 0; i < 5; ++i) rows[i * dim + at] = i == 3 ? kInfinity : kLarge;
      table.dotBf16(query.data(), rows.data(), dim, 5, dim, out.data());
      for (size_t i = 0; i < 5; ++i) CHECK(i == 3 ? std::isnan(out[i]) : out[i] == 0.0f);
    }
  }
}

/// The largest products at the largest safe dimension, where saturation or overflow would show.
void checkExtremes(const KernelTable& table) {
  for (const size_t dim : {size_t{15}, size_t{64}, size_t{4096}, size_t{131071}}) {
    for (const int a : {-128, 127}) {
      for (const int b : {-128, 127}) {
        Guarded<int8_t> query(dim);
        Guarded<int8_t> rows(5 * dim);
        Guarded<int32_t> out(5);
        std::memset(query.data(), a, dim);
        std::memset(rows.data(), b, 5 * dim);
        table.dotI8(query.data(), rows.data(), dim, 5, dim, out.data());
        for (size_t i = 0; i < 5; ++i) CHECK(out[i] == static_cast<int64_t>(a) * b * static_cast<int64_t>(dim));
      }
    }
  }
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    const KernelTable& table = target.table;
    check::test(target.name + " dotF32", [&] { checkRows<float, float>(table.dotF32, sameF32); });
    check::test(target.name + " dotBf16", [&] { checkRows<uint16_t, float>(table.dotBf16, sameBf16); });
    check::test(target.name + " dotI8", [&] { checkRows<int8_t, int32_t>(table.dotI8, sameI8); });
    check::test(target.name + " NaN and infinities", [&] { checkSpecial(table); });
    check::test(target.name + " bf16 denormals", [&] { checkDenormals(table); });
    check::test(target.name + " int8 extremes", [&] { checkExtremes(table); });
  }
  return check::finish();
}

// m queries against n rows, every target, against double: every shape of edge, and sizes of several blocks.

#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "oracle.h"
#include "random.h"
#include "tables.h"

#if defined(KAIRANK_EMULATE)
#include "../../../native/kernels/tiles.h"
#endif

namespace {

using kairank::KernelTable;

void fill(float* out, size_t n, Random& random) {
  for (size_t k = 0; k < n; ++k) out[k] = random.spread();
}

void fill(uint16_t* out, size_t n, Random& random) {
  for (size_t k = 0; k < n; ++k) {
    const float value = random.spread();
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    out[k] = static_cast<uint16_t>(bits >> 16);
  }
}

void fill(int8_t* out, size_t n, Random& random) {
  for (size_t k = 0; k < n; ++k) out[k] = static_cast<int8_t>(random.next());
}

bool same(float got, const Expected& expected, size_t dim) {
  return agrees(got, expected, static_cast<double>(dim) + 2, dim);
}

bool same(int32_t got, int64_t expected, size_t) { return got == expected; }

template <typename In, typename Out>
using Kernel = void (*)(const In*, size_t, size_t, const In*, size_t, size_t, size_t, Out*, size_t);

/// `padding` elements lie between rows; those between rows of scores must stay as they were.
template <typename In, typename Out>
void checkShape(Kernel<In, Out> kernel, size_t m, size_t n, size_t dim, size_t padding, Random& random) {
  constexpr Out kUntouched = 77;
  const size_t stride = dim + padding;
  const size_t outStride = n + padding;
  Guarded<In> queries(m == 0 ? 0 : (m - 1) * stride + dim);
  Guarded<In> rows(n == 0 ? 0 : (n - 1) * stride + dim);
  Guarded<Out> out(m == 0 ? 0 : (m - 1) * outStride + n);
  fill(queries.data(), queries.size(), random);
  fill(rows.data(), rows.size(), random);
  for (size_t i = 0; i < out.size(); ++i) out[i] = kUntouched;
  kernel(queries.data(), stride, m, rows.data(), stride, n, dim, out.data(), outStride);
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < n; ++j) {
      CHECK_THAT(
          same(out[i * outStride + j], expectedDot(queries.data() + i * stride, rows.data() + j * stride, dim), dim),
          "m " << m << " n " << n << " dim " << dim << " at " << i << ", " << j << ": " << out[i * outStride + j]);
    }
    if (i + 1 == m) break;
    for (size_t j = n; j < outStride; ++j) CHECK(out[i * outStride + j] == kUntouched);
  }
}

template <typename In, typename Out>
void checkShapes(Kernel<In, Out> kernel) {
  Random random(2);
  for (const size_t m : {0, 1, 2, 5, 6, 7, 8, 9, 16, 17, 23, 24, 25, 32, 33, 48, 49}) {
    for (const size_t n : {0, 1, 3, 4, 5, 8, 9, 31, 32, 33, 50}) {
      for (const size_t dim : {1, 2, 3, 4, 5, 8, 17, 33}) checkShape(kernel, m, n, dim, (m + n) % 3, random);
    }
  }
  for (size_t dim = 0; dim <= 140; ++dim) checkShape(kernel, 50, 37, dim, dim % 2, random);
  // Chunks of queries and blocks of rows.
  checkShape(kernel, 70, 60, 4096, 0, random);
  checkShape(kernel, 60, 70, 4095, 3, random);
  checkShape(kernel, 500, 300, 257, 0, random);
  checkShape(kernel, 50, 2500, 12, 4, random);
  // Whole groups of whole words, which are read where they lie.
  checkShape(kernel, 48, 64, 64, 3, random);
  checkShape(kernel, 33, 96, 128, 5, random);
}

/// One special value in one row and one in one query reach exactly the scores of that row and that query.
void checkSpecial(const KernelTable& table) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  constexpr size_t kQueries = 27;
  constexpr size_t kRows = 35;
  Random random(3);
  for (const size_t dim : {1, 7, 32, 33, 65}) {
    for (const float special : {nan, inf, -inf}) {
      Guarded<float> queries(kQueries * dim);
      Guarded<float> rows(kRows * dim);
      Guarded<float> out(kQueries * kRows);
      Guarded<uint16_t> queries16(kQueries * dim);
      Guarded<uint16_t> rows16(kRows * dim);
      fill(queries.data(), queries.size(), random);
      fill(rows.data(), rows.size(), random);
      queries[random.below(kQueries) * dim + random.below(dim)] = special;
      rows[random.below(kRows) * dim + random.below(dim)] = special;
      rows[random.below(kRows) * dim + random.below(dim)] = 0;
      table.batchF32(queries.data(), dim, kQueries, rows.data(), dim, kRows, dim, out.data(), kRows);
      for (size_t i = 0; i < kQueries * kRows; ++i) {
        CHECK(same(out[i], expectedDot(queries.data() + i / kRows * dim, rows.data() + i % kRows * dim, dim), dim));
      }
      table.toBf16(queries.data(), queries16.data(), queries.size());
      table.toBf16(rows.data(), rows16.data(), rows.size());
      table.batchBf16(queries16.data(), dim, kQueries, rows16.data(), dim, kRows, dim, out.data(), kRows);
      for (size_t i = 0; i < kQueries * kRows; ++i) {
        CHECK(same(out[i], expectedDot(queries16.data() + i / kRows * dim, rows16.data() + i % kRows * dim, dim), dim));
      }
    }
  }
}

void checkDenormals(const KernelTable& table) {
  constexpr size_t kSize = 33;
  constexpr size_t kDim = 40;
  Guarded<uint16_t> queries(kSize * kDim);
  Guarded<uint16_t> rows(kSize * kDim);
  Guarded<float> out(kSize * kSize);
  for (size_t k = 0; k < queries.size(); ++k) queries[k] = 0x8001;  // the smallest denormal, negative
  for (size_t k = 0; k < rows.size(); ++k) rows[k] = 0x7F00;        // 2^127
  table.batchBf16(queries.data(), kDim, kSize, rows.data(), kDim, kSize, kDim, out.data(), kSize);
  for (size_t i = 0; i < out.size(); ++i) CHECK(out[i] == 0.0f);
}

void checkExtremes(const KernelTable& table) {
  constexpr size_t kSize = 33;
  for (const size_t dim : {63, 4096}) {
    for (const int a : {-128, 127}) {
      Guarded<int8_t> queries(kSize * dim);
      Guarded<int8_t> rows(kSize * dim);
      Guarded<int32_t> out(kSize * kSize);
      std::memset(queries.data(), a, queries.size());
      std::memset(rows.data(), -128, rows.size());
      table.batchI8(queries.data(), dim, kSize, rows.data(), dim, kSize, dim, out.data(), kSize);
      for (size_t i = 0; i < out.size(); ++i)
        CHECK(out[i] == static_cast<int64_t>(a) * -128 * static_cast<int64_t>(dim));
    }
  }
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    const KernelTable& table = target.table;
    check::test(target.name + " batchF32", [&] { checkShapes<float, float>(table.batchF32); });
    check::test(target.name + " batchBf16", [&] { checkShapes<uint16_t, float>(table.batchBf16); });
    check::test(target.name + " batchI8", [&] { checkShapes<int8_t, int32_t>(table.batchI8); });
    check::test(target.name + " batch NaN and infinities", [&] { checkSpecial(table); });
    check::test(target.name + " batch bf16 denormals", [&] { checkDenormals(table); });
    check::test(target.name + " batch int8 extremes", [&] { checkExtremes(table); });
#if defined(KAIRANK_EMULATE)
    check::test(target.name + " tiles are released", [] { CHECK(!kairank::emulated::tilesHeld()); });
#endif
  }
  return check::finish();
}

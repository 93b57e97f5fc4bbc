// Squared distances of one query from rows, every target, against double.

#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "oracle.h"
#include "random.h"
#include "tables.h"

namespace {

using kairank::KernelTable;

/// The distance in double; its terms are all of one sign, so it is its own magnitude.
Expected expectedL2(const float* a, const float* b, size_t dim) {
  Expected sum;
  for (size_t k = 0; k < dim; ++k) {
    const double difference = static_cast<double>(a[k]) - static_cast<double>(b[k]);
    sum.value += difference * difference;
  }
  sum.magnitude = sum.value;
  return sum;
}

bool sameL2(float got, const Expected& expected, size_t dim) {
  return agrees(got, expected, static_cast<double>(dim) / 8 + 11, dim);
}

std::vector<size_t> dims() {
  std::vector<size_t> all;
  for (size_t dim = 0; dim <= 70; ++dim) all.push_back(dim);
  for (const size_t dim : {96, 100, 127, 128, 300, 768, 1536, 4095, 4096}) all.push_back(dim);
  return all;
}

/// On memory that ends with the last element of the last row, and with the last distance.
void checkRows(const KernelTable& table) {
  Random random(1);
  for (const size_t dim : dims()) {
    for (const size_t count : {0, 1, 2, 3, 4, 5, 8, 9, 17}) {
      const size_t stride = dim + (count % 3) * 5;
      Guarded<float> query(dim);
      Guarded<float> rows(count == 0 ? 0 : (count - 1) * stride + dim);
      Guarded<float> out(count);
      for (size_t k = 0; k < dim; ++k) query[k] = random.spread();
      for (size_t k = 0; k < rows.size(); ++k) rows[k] = random.spread();
      table.l2F32(query.data(), rows.data(), stride, count, dim, out.data());
      for (size_t i = 0; i < count; ++i) {
        CHECK_THAT(sameL2(out[i], expectedL2(query.data(), rows.data() + i * stride, dim), dim),
                   "dim " << dim << " count " << count << " row " << i << ": " << out[i]);
      }
    }
  }
}

/// Rows that differ from the query in the last digits: a distance taken from dot products would have none left.
void checkNeighbours(const KernelTable& table) {
  Random random(2);
  for (const size_t dim : {1, 3, 16, 100, 768}) {
    std::vector<float> query(dim);
    std::vector<float> rows(5 * dim);
    float out[5];
    for (float& value : query) value = 1000 + random.signedUnit();
    for (size_t k = 0; k < rows.size(); ++k) {
      rows[k] = std::nextafter(query[k % dim], random.below(2) ? 2000.0f : 0.0f);
    }
    for (size_t k = 0; k < dim; ++k) rows[k] = query[k];
    table.l2F32(query.data(), rows.data(), dim, 5, dim, out);
    CHECK(out[0] == 0.0f);
    for (size_t i = 1; i < 5; ++i) CHECK(sameL2(out[i], expectedL2(query.data(), rows.data() + i * dim, dim), dim));
  }
}

/// Equal rows, equal bits: callers break such ties by label.
void checkTies(const KernelTable& table) {
  Random random(3);
  for (const size_t dim : dims()) {
    for (const size_t count : {1, 2, 3, 4, 5, 6, 7, 11}) {
      std::vector<float> query(dim);
      std::vector<float> rows(count * dim);
      std::vector<float> out(count);
      for (float& value : query) value = random.signedUnit();
      for (size_t k = 0; k < dim; ++k) rows[k] = random.signedUnit();
      for (size_t k = dim; k < rows.size(); ++k) rows[k] = rows[k - dim];
      table.l2F32(query.data(), rows.data(), dim, count, dim, out.data());
      for (size_t i = 1; i < count; ++i) CHECK_THAT(out[i] == out[0], "dim " << dim << " row " << i << " of " << count);
    }
  }
}

/// NaN and infinities, at every position, in one row of several.
void checkSpecial(const KernelTable& table) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  constexpr size_t kCount = 6;
  for (const size_t dim : {1, 7, 8, 9, 16, 17, 33, 64, 100}) {
    for (size_t at = 0; at < dim; ++at) {
      for (const float special : {nan, inf, -inf}) {
        for (const float other : {1.0f, special}) {
          std::vector<float> query(dim, 1.0f);
          std::vector<float> rows(kCount * dim, 0.0f);
          float out[kCount];
          rows[2 * dim + at] = special;
          query[at] = other;
          table.l2F32(query.data(), rows.data(), dim, kCount, dim, out);
          for (size_t i = 0; i < kCount; ++i) {
            CHECK(sameL2(out[i], expectedL2(query.data(), rows.data() + i * dim, dim), dim));
          }
        }
      }
    }
  }
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    const KernelTable& table = target.table;
    check::test(target.name + " l2F32", [&] { checkRows(table); });
    check::test(target.name + " l2F32 of near neighbours", [&] { checkNeighbours(table); });
    check::test(target.name + " l2F32 of equal rows", [&] { checkTies(table); });
    check::test(target.name + " l2F32 of NaN and infinities", [&] { checkSpecial(table); });
  }
  return check::finish();
}

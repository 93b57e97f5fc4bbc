#include "costs.h"

#include <algorithm>

#include "../include/bits.h"

namespace kairank {

namespace {

constexpr double kSparseFactor = 3;  // until sparse scans were measured: a row of theirs is a miss of the cache

}  // namespace

size_t Costs::sizeOf(size_t queries) {
  if (queries <= 1) return 0;
  if (queries <= 4) return 1;
  return queries <= 16 ? 2 : 3;
}

void Costs::scanned(size_t rows, size_t queries, bool sparse, double nanos) {
  if (rows < kFewRows || queries == 0) return;
  const double each = nanos / (static_cast<double>(rows) * static_cast<double>(queries));
  (sparse ? nanosASparseRow_ : nanosARow_[sizeOf(queries)]).add(each);
}

void Costs::walked(uint32_t ef, size_t scored, double nanos) {
  if (scored == 0) return;
  nanosAScore_.add(nanos / static_cast<double>(scored));
  scoredByEf_[std::min<size_t>(floorLog2(std::max(ef, 1u)), kEfs - 1)].add(static_cast<double>(scored) /
                                                                           std::max(ef, 1u));
}

double Costs::scan(size_t rows, size_t queries, bool sparse) const {
  const double counted = static_cast<double>(std::max(rows, kFewRows));
  if (sparse && nanosASparseRow_.known()) return nanosASparseRow_.mean() * counted;
  const double factor = sparse ? kSparseFactor : 1;
  // A size that was never seen costs at most what a smaller one does.
  for (size_t known = sparse ? 1 : sizeOf(queries) + 1; known-- > 0;) {
    if (nanosARow_[known].known()) return nanosARow_[known].mean() * counted * factor;
  }
  return 0;
}

double Costs::walk(uint32_t ef) const {
  if (!nanosAScore_.known()) return 0;
  const size_t own = std::min<size_t>(floorLog2(std::max(ef, 1u)), kEfs - 1);
  for (size_t away = 0; away < kEfs; away++) {
    for (const size_t at : {own + away, own - away}) {
      if (at < kEfs && scoredByEf_[at].known()) return scoredByEf_[at].mean() * ef * nanosAScore_.mean();
    }
  }
  return 0;
}

size_t Costs::budget(double nanos) const {
  if (nanos <= 0 || !nanosAScore_.known()) return SIZE_MAX;
  return static_cast<size_t>(nanos / nanosAScore_.mean()) + 1;
}

}  // namespace kairank

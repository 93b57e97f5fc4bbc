// Sums of outer products, and y += alpha x, against double.

#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "oracle.h"
#include "random.h"
#include "tables.h"

namespace {

using kairank::KernelTable;

constexpr float kUntouched = 77;

void checkGramShape(const KernelTable& table, size_t count, size_t dim, bool weighted, Random& random) {
  const size_t stride = dim + count % 3;
  const size_t lda = dim + count % 2;
  Guarded<float> x(count == 0 ? 0 : (count - 1) * stride + dim);
  Guarded<float> w(count);
  Guarded<float> a(dim == 0 ? 0 : (dim - 1) * lda + dim);
  for (size_t i = 0; i < x.size(); ++i) x[i] = random.spread();
  for (size_t i = 0; i < count; ++i) w[i] = random.signedUnit();
  for (size_t r = 0; r < dim; ++r) {
    for (size_t c = 0; c < dim; ++c) a[r * lda + c] = c > r ? kUntouched : random.spread();
  }
  const std::vector<float> before(a.data(), a.data() + a.size());
  table.gramF32(x.data(), stride, weighted ? w.data() : nullptr, count, dim, a.data(), lda);
  for (size_t r = 0; r < dim; ++r) {
    for (size_t c = 0; c < dim; ++c) {
      const float got = a[r * lda + c];
      if (c > r) {
        CHECK(got == kUntouched);
        continue;
      }
      Expected expected;
      expected.value = before[r * lda + c];
      expected.magnitude = std::fabs(expected.value);
      for (size_t i = 0; i < count; ++i) {
        const double weight = weighted ? w[i] : 1.0f;
        const double product = weight * x[i * stride + r] * x[i * stride + c];
        expected.value += product;
        expected.magnitude += std::fabs(product);
      }
      CHECK_THAT(agrees(got, expected, static_cast<double>(count) + 4, count),
                 "count " << count << " dim " << dim << " at " << r << ", " << c << ": " << got);
    }
  }
}

void checkGram(const KernelTable& table) {
  Random random(9);
  for (size_t dim = 0; dim <= 70; ++dim) {
    for (const size_t count : {0, 1, 5, 33}) checkGramShape(table, count, dim, count != 5, random);
  }
  for (const size_t dim : {6, 48, 100, 128, 130}) {
    for (const size_t count : {255, 256, 257, 600}) checkGramShape(table, count, dim, count % 2 == 0, random);
  }
}

/// A NaN spoils its row and column of A, nothing else; an infinity with weight 0 is NaN.
void checkGramSpecial(const KernelTable& table) {
  constexpr size_t kDim = 37;
  const float specials[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  for (const float special : specials) {
    for (size_t at = 0; at < kDim; ++at) {
      Guarded<float> x(3 * kDim);
      Guarded<float> w(3);
      Guarded<float> a(kDim * kDim);
      for (size_t i = 0; i < x.size(); ++i) x[i] = 1;
      x[kDim + at] = special;
      w[0] = w[2] = 1;
      table.gramF32(x.data(), kDim, w.data(), 3, kDim, a.data(), kDim);
      for (size_t r = 0; r < kDim; ++r) {
        for (size_t c = 0; c <= r; ++c) {
          const float got = a[r * kDim + c];
          CHECK(r == at || c == at ? std::isnan(got) : got == 2);
        }
      }
    }
  }
}

void checkAxpy(const KernelTable& table) {
  Random random(10);
  for (size_t n = 0; n <= 140; ++n) {
    Guarded<float> x(n);
    Guarded<float> y(n);
    for (size_t i = 0; i < n; ++i) x[i] = random.spread();
    for (size_t i = 0; i < n; ++i) y[i] = random.spread();
    const std::vector<float> before(y.data(), y.data() + n);
    const float alpha = random.spread();
    table.axpyF32(alpha, x.data(), y.data(), n);
    for (size_t i = 0; i < n; ++i) {
      const double product = static_cast<double>(alpha) * x[i];
      const Expected expected{before[i] + product, std::fabs(static_cast<double>(before[i])) + std::fabs(product)};
      CHECK(agrees(y[i], expected, 2, 1));
    }
  }
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    check::test(target.name + " gramF32", [&] { checkGram(target.table); });
    check::test(target.name + " gramF32 NaN and infinities", [&] { checkGramSpecial(target.table); });
    check::test(target.name + " axpyF32", [&] { checkAxpy(target.table); });
  }
  return check::finish();
}

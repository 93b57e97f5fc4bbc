// Matrix products against double.

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

using kairank::GemmTask;
using kairank::KernelTable;

constexpr float kUntouched = 77;

/// A stored matrix that ends where readable memory ends.
struct Matrix {
  size_t rows;
  size_t columns;
  size_t stride;
  Guarded<float> at;

  Matrix(size_t r, size_t c, size_t extra)
      : rows(r), columns(c), stride(c + extra), at(r == 0 || c == 0 ? 0 : (r - 1) * stride + c) {}
  float get(size_t r, size_t c, bool transposed) { return transposed ? at[c * stride + r] : at[r * stride + c]; }
};

struct Shape {
  size_t m, n, k;
};

struct Product {
  void (*run)(const GemmTask& task);
  bool rounds;  // A and B to bf16
};

/// What rounding both factors to bf16 may change, in units of kUnit: native/kernels/gemm/gemm.h.
constexpr double kRounding = (0x1p-7 + 0x1p-16) / kUnit;

/// Nearest bf16, ties to even: eight significant bits.
double nearestBf16(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8);
}

void checkShape(const Product& product, const Shape& shape, int variant, Random& random) {
  const bool transposeA = variant & 1;
  const bool transposeB = variant & 2;
  const bool accumulate = variant & 4;
  const size_t extra = random.below(3);
  Matrix a(transposeA ? shape.k : shape.m, transposeA ? shape.m : shape.k, extra);
  Matrix b(transposeB ? shape.n : shape.k, transposeB ? shape.k : shape.n, random.below(3));
  Matrix c(shape.m, shape.n, extra);
  for (size_t i = 0; i < a.at.size(); ++i) a.at[i] = random.spread();
  for (size_t i = 0; i < b.at.size(); ++i) b.at[i] = random.spread();
  // What C held must not matter unless it is added to.
  for (size_t i = 0; i < c.at.size(); ++i) c.at[i] = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 0; i < c.at.size(); ++i) {
    if (i % c.stride >= c.columns)
      c.at[i] = kUntouched;
    else if (accumulate)
      c.at[i] = random.spread();
  }
  const std::vector<float> before(c.at.data(), c.at.data() + c.at.size());
  product.run({a.at.data(), a.stride, transposeA, b.at.data(), b.stride, transposeB, c.at.data(), c.stride, shape.m,
               shape.n, shape.k, accumulate});
  for (size_t i = 0; i < c.at.size(); ++i) {
    const size_t row = i / c.stride;
    const size_t column = i % c.stride;
    if (column >= c.columns) {
      CHECK(c.at[i] == kUntouched);
      continue;
    }
    Expected expected;
    if (accumulate) expected = {before[i], std::fabs(static_cast<double>(before[i]))};
    Expected rounded = expected;
    for (size_t p = 0; p < shape.k; ++p) {
      const double x = a.get(row, p, transposeA);
      const double y = b.get(p, column, transposeB);
      expected.value += x * y;
      expected.magnitude += std::fabs(x * y);
      const double product = nearestBf16(x) * nearestBf16(y);
      rounded.value += product;
      rounded.magnitude += std::fabs(product);
    }
    // Of the rounded factors the product is as exact as in f32, and by that within its bound of the exact one.
    const double units = static_cast<double>(shape.k) + 4;
    CHECK_THAT(product.rounds
                   ? agrees(c.at[i], rounded, units, shape.k) && agrees(c.at[i], expected, units + kRounding, shape.k)
                   : agrees(c.at[i], expected, units, shape.k),
               shape.m << " x " << shape.n << " x " << shape.k << " variant " << variant << " at " << row << ", "
                       << column << ": " << c.at[i] << " for " << expected.value);
  }
}

void checkShapes(const Product& product) {
  Random random(21);
  for (int variant = 0; variant < 8; ++variant) {
    for (size_t m = 0; m <= 14; ++m) {
      for (const size_t n : {0, 1, 7, 8, 9, 15, 16, 17, 31, 33}) {
        for (const size_t k : {0, 1, 5, 64}) checkShape(product, {m, n, k}, variant, random);
      }
    }
    // More than one block of each dimension, and ends on either side of a tile's or a pair of tiles'.
    for (const Shape& shape : {Shape{3, 5, 600}, Shape{220, 20, 257}, Shape{13, 530, 300}, Shape{50, 64, 256},
                               Shape{270, 9, 520}, Shape{5, 530, 513}, Shape{33, 48, 31}, Shape{49, 63, 97}}) {
      checkShape(product, shape, variant, random);
    }
  }
}

/// A NaN or an infinity of A spoils its row of C, one of B its column, nothing else.
void checkSpecial(const Product& product) {
  constexpr size_t kSize = 37;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float special : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for (size_t at = 0; at < kSize; ++at) {
      for (const bool inA : {true, false}) {
        std::vector<float> a(kSize * kSize, 1.0f);
        std::vector<float> b(kSize * kSize, 2.0f);
        std::vector<float> c(kSize * kSize, 0.0f);
        (inA ? a : b)[at * kSize + at] = special;
        product.run({a.data(), kSize, false, b.data(), kSize, true, c.data(), kSize, kSize, kSize, kSize, false});
        for (size_t i = 0; i < kSize * kSize; ++i) {
          if ((inA ? i / kSize : i % kSize) != at)
            CHECK(c[i] == 2 * kSize);
          else
            CHECK(std::isnan(special) ? std::isnan(c[i]) : c[i] == special);
        }
      }
    }
  }
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    const KernelTable& table = target.table;
    const Product exact{table.gemmF32, false};
    check::test(target.name + " gemmF32", [&] { checkShapes(exact); });
    check::test(target.name + " gemmF32 NaN and infinities", [&] { checkSpecial(exact); });
    if (table.gemmBf16 == table.gemmF32) continue;
    const Product rounding{table.gemmBf16, true};
    check::test(target.name + " gemmBf16", [&] { checkShapes(rounding); });
    check::test(target.name + " gemmBf16 NaN and infinities", [&] { checkSpecial(rounding); });
#if defined(KAIRANK_EMULATE)
    check::test(target.name + " tiles are released", [] { CHECK(!kairank::emulated::tilesHeld()); });
#endif
  }
  return check::finish();
}

// Conversions: every bf16, floats around every rounding boundary, and rows of int8; the same bits on every target.

#include <cmath>
#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "oracle.h"
#include "random.h"
#include "tables.h"

namespace {

using kairank::KernelTable;

uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

float floatOfBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// The nearest bf16 by distance, ties to the even one; the neighbours are taken apart in double.
uint16_t nearestBf16(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(static_cast<double>(value));
  if (magnitude < 0x1p-126) return sign;
  const uint16_t below = static_cast<uint16_t>((bitsOf(value) & 0x7FFFFFFFu) >> 16);
  const double low = static_cast<double>(bf16AsFloat(below));
  const double step = std::ldexp(1.0, std::ilogb(low) - 7);
  const double toLow = magnitude - low;
  const double toHigh = low + step - magnitude;  // past the largest number this is where infinity begins
  const bool up = toHigh < toLow || (toHigh == toLow && (below & 1) != 0);
  return static_cast<uint16_t>(sign | (up ? below + 1 : below));
}

void checkToBf16(const KernelTable& table) {
  std::vector<float> values;
  for (uint32_t top = 0; top < 0x10000u; ++top) {
    for (const uint32_t low : {0x0000u, 0x0001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      values.push_back(floatOfBits(top << 16 | low));
    }
  }
  std::vector<uint16_t> out(values.size());
  table.toBf16(values.data(), out.data(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      CHECK(std::isnan(bf16AsFloat(out[i])) && (out[i] >> 15) == (bitsOf(values[i]) >> 31));
    } else if (std::isinf(values[i])) {
      CHECK(bf16AsFloat(out[i]) == values[i]);
    } else {
      CHECK_THAT(out[i] == nearestBf16(values[i]), values[i] << " gave " << bf16AsFloat(out[i]));
    }
  }
}

void checkFromBf16(const KernelTable& table) {
  std::vector<uint16_t> values(0x10000);
  std::vector<float> out(values.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint16_t>(i);
  table.fromBf16(values.data(), out.data(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float exact = bf16AsFloat(values[i]);
    if (std::isnan(exact)) {
      CHECK(std::isnan(out[i]));
    } else if (std::fpclassify(exact) == FP_SUBNORMAL) {
      CHECK(out[i] == 0.0f && std::signbit(out[i]) == std::signbit(exact));
    } else {
      CHECK(bitsOf(out[i]) == bitsOf(exact));
    }
  }
}

/// Short and odd lengths on memory that ends there: the same as one value at a time.
void checkLengths(const KernelTable& table) {
  Random random(4);
  for (size_t n = 0; n <= 70; ++n) {
    Guarded<float> values(n);
    Guarded<uint16_t> halves(n);
    Guarded<float> back(n);
    for (size_t i = 0; i < n; ++i) values[i] = random.spread();
    table.toBf16(values.data(), halves.data(), n);
    table.fromBf16(halves.data(), back.data(), n);
    for (size_t i = 0; i < n; ++i) {
      CHECK(halves[i] == nearestBf16(values[i]));
      CHECK(std::fabs(static_cast<double>(back[i]) - values[i]) <= 0x1p-8 * std::fabs(values[i]));
    }
  }
}

double finite(float value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (std::isnan(value)) return 0;
  return std::fmin(std::fmax(value, -kLargest), kLargest);
}

/// One row: each element within half a step of what it was, the largest at 127, and the bits of the scalar kernel.
void checkRow(const KernelTable& table, const KernelTable& reference, Guarded<float>& row) {
  const size_t n = row.size();
  Guarded<int8_t> out(n);
  std::vector<int8_t> wanted(n);
  const float scale = table.toI8(row.data(), out.data(), n);
  CHECK(bitsOf(scale) == bitsOf(reference.toI8(row.data(), wanted.data(), n)));
  double largest = 0;
  for (size_t i = 0; i < n; ++i) largest = std::fmax(largest, std::fabs(finite(row[i])));
  if (largest > 0x1p-119) {
    CHECK(std::fabs(scale - largest / 127) <= 0x1p-23 * scale);
  } else {
    CHECK(scale == 0);
  }
  for (size_t i = 0; i < n; ++i) {
    CHECK(out[i] == wanted[i]);
    CHECK(out[i] >= -127);
    if (scale == 0) CHECK(out[i] == 0);
    if (scale != 0) CHECK(std::fabs(finite(row[i]) - static_cast<double>(out[i]) * scale) <= 0.5001 * scale);
  }
}

void checkToI8(const KernelTable& table, const KernelTable& reference) {
  Random random(5);
  const float inf = std::numeric_limits<float>::infinity();
  const float specials[] = {std::numeric_limits<float>::quiet_NaN(), inf, -inf, 0x1p-149f, -0.0f, 0x1p-120f,
                            std::numeric_limits<float>::max()};
  for (size_t n = 0; n <= 100; ++n) {
    Guarded<float> row(n);
    for (size_t i = 0; i < n; ++i) row[i] = random.signedUnit();
    checkRow(table, reference, row);
    for (size_t i = 0; i < n; ++i) row[i] = 0x1p-130f * random.signedUnit();
    checkRow(table, reference, row);
    for (size_t i = 0; i < n; ++i) row[i] = static_cast<float>(static_cast<int>(random.below(255)) - 127) + 0.5f;
    checkRow(table, reference, row);  // ties
    for (const float special : specials) {
      if (n == 0) continue;
      row[random.below(n)] = special;
      checkRow(table, reference, row);
    }
  }
}

}  // namespace

int main() {
  const std::vector<NamedTable> all = tables();
  for (const NamedTable& target : all) {
    check::test(target.name + " toBf16", [&] { checkToBf16(target.table); });
    check::test(target.name + " fromBf16", [&] { checkFromBf16(target.table); });
    check::test(target.name + " bf16 lengths", [&] { checkLengths(target.table); });
    check::test(target.name + " toI8", [&] { checkToI8(target.table, all.front().table); });
  }
  return check::finish();
}

// Exponentials and their sum against double.

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../check.h"
#include "../guarded.h"
#include "random.h"
#include "tables.h"

namespace {

void checkRow(const kairank::KernelTable& table, size_t n, float spread, Random& random) {
  Guarded<float> x(n);
  for (size_t i = 0; i < n; ++i) x[i] = random.signedUnit() * spread;
  const std::vector<float> before(x.data(), x.data() + n);
  float largest = 0;
  const double sum = table.softmaxF32(x.data(), n, &largest);
  CHECK(n == 0 ? std::isinf(largest) && largest < 0 : largest == *std::max_element(before.begin(), before.end()));
  double expected = 0;
  for (size_t i = 0; i < n; ++i) {
    const double value = std::exp(static_cast<double>(before[i] - largest));
    expected += value;
    const double room = before[i] - largest < -87 ? 1.2e-38 : (2e-7 + 2e-7 * (largest - before[i])) * value;
    CHECK_THAT(std::fabs(x[i] - value) <= room, "exp(" << before[i] - largest << ") = " << x[i] << " for " << value);
  }
  CHECK_THAT(std::fabs(sum - expected) <= 2e-6 * expected, "n " << n << ": " << sum << " for " << expected);
}

}  // namespace

int main() {
  for (const NamedTable& target : tables()) {
    check::test(target.name + " softmaxF32", [&] {
      Random random(22);
      for (size_t n = 0; n <= 100; ++n) checkRow(target.table, n, 5, random);
      for (const float spread : {0.0f, 1e-6f, 1.0f, 20.0f, 60.0f, 1e4f, 1e38f}) {
        for (const size_t n : {1000, 4096, 4111, 12101}) checkRow(target.table, n, spread, random);
      }
    });
  }
  return check::finish();
}

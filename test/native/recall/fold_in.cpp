// The fold-in of shoppers and items against an exact solution in double precision, by every way the solver has, and the
// map that gives items a prior.

#include "../../../native/recall/fold_in.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../../../native/recall/content_map.h"
#include "../check.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

/// Gaussian elimination with pivoting.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const size_t n = b.size();
  for (size_t column = 0; column < n; column++) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; row++) {
      if (std::fabs(a[row * n + column]) > std::fabs(a[pivot * n + column])) pivot = row;
    }
    for (size_t k = 0; k < n; k++) std::swap(a[column * n + k], a[pivot * n + k]);
    std::swap(b[column], b[pivot]);
    for (size_t row = column + 1; row < n; row++) {
      const double factor = a[row * n + column] / a[column * n + column];
      for (size_t k = column; k < n; k++) a[row * n + k] -= factor * a[column * n + k];
      b[row] -= factor * b[column];
    }
  }
  for (size_t row = n; row-- > 0;) {
    for (size_t k = row + 1; k < n; k++) b[row] -= a[row * n + k] * b[k];
    b[row] /= a[row * n + row];
  }
  return b;
}

std::vector<double> exact(const FactorsModel& model, const std::vector<Vote>& votes) {
  const size_t dim = model.dim;
  double total = 0;
  for (const Vote& vote : votes) total += model.has(vote.row) ? vote.weight : 0;
  const double lambda =
      model.regularisation * std::pow(total + static_cast<double>(model.alpha0) * model.items, model.nu);
  std::vector<double> a(model.gram.begin(), model.gram.end());
  std::vector<double> b(dim, 0.0);
  for (size_t d = 0; d < dim; d++) a[d * dim + d] += lambda;
  for (const Vote& vote : votes) {
    const float* y = model.factors.data() + vote.row * dim;
    for (size_t i = 0; i < dim; i++) {
      b[i] += static_cast<double>(vote.weight) * y[i];
      for (size_t j = 0; j < dim; j++) a[i * dim + j] += static_cast<double>(vote.weight) * y[i] * y[j];
    }
  }
  return solve(std::move(a), std::move(b));
}

/// An item's factors from those of shoppers, pulled towards a prior: where the gradient of the loss is zero.
void compareItem(Random& random, uint32_t dim, size_t count, bool zero) {
  FactorsModel model = randomFactors(random, 50, dim, false);
  model.users = 200;
  model.userGram.assign(static_cast<size_t>(dim) * dim, 0.0f);
  for (int user = 0; user < 300; user++) {
    std::vector<double> x(dim);
    for (double& value : x) value = random.normal() * 0.3;
    for (uint32_t i = 0; i < dim; i++) {
      for (uint32_t j = 0; j < dim; j++) model.userGram[i * dim + j] += static_cast<float>(0.1 * x[i] * x[j]);
    }
  }
  std::vector<float> prior(dim), shoppers(count * dim), weights(count);
  for (float& value : prior) value = zero ? 0 : static_cast<float>(random.normal());
  for (float& value : shoppers) value = static_cast<float>(random.normal() * 0.3);
  std::vector<const float*> rows;
  double total = 0;
  for (size_t j = 0; j < count; j++) {
    weights[j] = static_cast<float>(0.2 + random.uniform() * 3);
    total += weights[j];
    rows.push_back(shoppers.data() + j * dim);
  }
  FoldInScratch scratch;
  std::vector<float> y(dim, 7.0f);
  foldInItem(model, rows.data(), weights.data(), count, prior.data(), scratch, y.data());
  // (G + lambda I + X^T W X) y = X^T w + (G + lambda I) y0
  std::vector<double> a(model.userGram.begin(), model.userGram.end());
  std::vector<double> b(dim, 0.0);
  for (uint32_t d = 0; d < dim; d++) {
    a[d * dim + d] +=
        model.regularisation * std::pow(total + double{model.alpha0} * model.users, static_cast<double>(model.nu));
  }
  for (uint32_t i = 0; i < dim; i++) {
    for (uint32_t j = 0; j < dim; j++) b[i] += a[i * dim + j] * prior[j];
  }
  for (size_t s = 0; s < count; s++) {
    for (uint32_t i = 0; i < dim; i++) {
      b[i] += double{weights[s]} * rows[s][i];
      for (uint32_t j = 0; j < dim; j++) a[i * dim + j] += double{weights[s]} * rows[s][i] * rows[s][j];
    }
  }
  const std::vector<double> expected = solve(std::move(a), std::move(b));
  double norm = 0;
  double error = 0;
  for (uint32_t d = 0; d < dim; d++) {
    norm += expected[d] * expected[d];
    error += (expected[d] - y[d]) * (expected[d] - y[d]);
    if (count == 0) CHECK(y[d] == prior[d]);
  }
  CHECK_THAT(std::sqrt(error) <= 5e-4 * std::sqrt(norm) + 1e-7,
             "dim " << dim << " shoppers " << count << " error " << std::sqrt(error) << " of " << std::sqrt(norm));
  if (!zero) return;
  // A prior of zeros is none.
  std::vector<float> without(dim);
  foldInItem(model, rows.data(), weights.data(), count, nullptr, scratch, without.data());
  for (uint32_t d = 0; d < dim; d++) CHECK(std::fabs(without[d] - y[d]) <= 1e-3 * std::sqrt(norm) + 1e-7);
}

void compare(Random& random, uint32_t dim, bool diagonal, size_t events) {
  const FactorsModel model = randomFactors(random, 400, dim, diagonal);
  CHECK(model.diagonal == (diagonal || dim == 1));
  std::vector<HistoryEvent> history;
  for (size_t i = 0; i < events; i++) {
    history.push_back(event(static_cast<uint32_t>(random.below(400)), static_cast<float>(0.1 + random.uniform() * 3)));
  }
  std::vector<Vote> votes;
  collectVotes(history.data(), history.size(), model.items, model.decay, model.maxEvents, votes);
  FoldInScratch scratch;
  std::vector<float> x(dim, 7.0f);
  const bool folded = foldIn(model, nullptr, votes, scratch, x.data());
  const std::vector<double> expected = exact(model, votes);
  double norm = 0;
  double error = 0;
  for (size_t d = 0; d < dim; d++) {
    norm += expected[d] * expected[d];
    error += (expected[d] - x[d]) * (expected[d] - x[d]);
  }
  CHECK_THAT(folded == (norm > 0), "dim " << dim << " events " << events);
  CHECK_THAT(std::sqrt(error) <= 2e-4 * std::sqrt(norm) + 1e-7,
             "dim " << dim << " events " << events << " error " << std::sqrt(error) << " of " << std::sqrt(norm));
}

}  // namespace

int main() {
  check::test("fold-in in the space of the events", [] {
    Random random(1);
    for (uint32_t dim : {2u, 7u, 64u, 129u, 300u}) {
      for (size_t events : {0, 1, 3, 50}) compare(random, dim, true, events);
    }
  });
  check::test("fold-in by Cholesky", [] {
    Random random(2);
    for (uint32_t dim : {1u, 2u, 7u, 64u, 129u}) {
      for (size_t events : {1, 3, 150}) compare(random, dim, false, events);
    }
    compare(random, 8, true, 120);
  });
  check::test("fold-in by conjugate gradient", [] {
    Random random(3);
    for (size_t events : {1, 40, 200}) compare(random, 270, false, events);
  });
  check::test("an item stands where its prior and its shoppers pull it", [] {
    Random random(4);
    for (uint32_t dim : {1u, 3u, 64u, 270u}) {
      for (size_t count : {0, 1, 7, 300}) {
        compareItem(random, dim, count, false);
        compareItem(random, dim, count, true);
      }
    }
  });
  check::test("the more shoppers an item has, the less its prior says", [] {
    Random random(5);
    constexpr uint32_t kDim = 6;
    FactorsModel model = randomFactors(random, 50, kDim, false);
    model.users = 100;
    model.nu = 0;  // a pull that does not grow with the shoppers
    model.userGram.assign(kDim * kDim, 0.0f);
    for (uint32_t d = 0; d < kDim; d++) model.userGram[d * kDim + d] = 2;
    const std::vector<float> prior = {1, -1, 1, -1, 1, -1};
    std::vector<std::vector<float>> shoppers;
    std::vector<const float*> rows;
    double last = INFINITY;
    for (size_t count : {0, 1, 10, 100, 1000, 10000}) {
      while (shoppers.size() < count) {
        shoppers.emplace_back();
        for (uint32_t d = 0; d < kDim; d++) {
          shoppers.back().push_back(static_cast<float>((d < 2) + random.normal() * 0.4));
        }
      }
      rows.clear();
      for (size_t s = 0; s < count; s++) rows.push_back(shoppers[s].data());
      const std::vector<float> weights(count, 1.0f);
      FoldInScratch scratch;
      std::vector<float> with(kDim), without(kDim, 0.0f);
      foldInItem(model, rows.data(), weights.data(), count, prior.data(), scratch, with.data());
      if (count > 0) foldInItem(model, rows.data(), weights.data(), count, nullptr, scratch, without.data());
      double apart = 0;
      for (uint32_t d = 0; d < kDim; d++) apart += (with[d] - without[d]) * (with[d] - without[d]);
      CHECK_THAT(apart < last, count << " shoppers: " << apart << " after " << last);
      last = apart;
    }
    CHECK_THAT(last < 0.01, last);
  });
  check::test("the map from content to factors is their ridge regression", [] {
    for (uint64_t seed = 1; seed <= 3; seed++) {
      Random random(seed + 30);
      const uint32_t items = seed == 3 ? 2500 : 90;
      const ContentModel content = randomContent(random, items);
      FactorsModel factors = randomFactors(random, items, seed == 1 ? 5 : 17, true);
      const std::vector<float> map = mapContent(content, factors);
      CHECK(map.size() == static_cast<size_t>(content.dim) * factors.dim);
      const size_t dim = content.dim;
      for (uint32_t axis = 0; axis < factors.dim; axis++) {
        std::vector<double> a(dim * dim, 0.0);
        std::vector<double> b(dim, 0.0);
        for (size_t d = 0; d < dim; d++) a[d * dim + d] = 1;
        for (uint32_t row = 0; row < items; row++) {
          const float* vector = content.vectors.data() + row * dim;
          const float* wanted = factors.factors.data() + row * factors.dim;
          const bool described = std::any_of(vector, vector + dim, [](float x) { return x != 0; });
          const bool taught = std::any_of(wanted, wanted + factors.dim, [](float x) { return x != 0; });
          if (!described || !taught) continue;
          for (size_t i = 0; i < dim; i++) {
            b[i] += double{vector[i]} * wanted[axis];
            for (size_t j = 0; j < dim; j++) a[i * dim + j] += double{vector[i]} * vector[j];
          }
        }
        const std::vector<double> expected = solve(std::move(a), std::move(b));
        for (size_t d = 0; d < dim; d++) {
          CHECK_THAT(std::fabs(map[axis * dim + d] - expected[d]) < 1e-4,
                     "axis " << axis << ", " << d << ": " << map[axis * dim + d] << " for " << expected[d]);
        }
      }
      std::fill(factors.factors.begin(), factors.factors.end(), 0.0f);
      completeFactors(factors);
      CHECK(mapContent(content, factors).empty());
    }
  });
  check::test("votes carry age and weight, and skip what speaks for nothing", [] {
    const std::vector<HistoryEvent> history = {event(3, 4), event(1, 2),        event(kNoRow), event(2, -1),
                                               event(5, 0), event(9, INFINITY), event(2, NAN), event(1, 1)};
    std::vector<Vote> votes;
    collectVotes(history.data(), history.size(), 6, 0.5f, 10, votes);
    // Row 9 is new: it has an age and no vote.
    CHECK(votes.size() == 3);
    CHECK(votes[0].row == 1 && votes[0].weight == 1 && votes[0].event == 7);
    CHECK(votes[1].row == 1 && votes[1].weight == 0.5f && votes[1].event == 1);
    CHECK(votes[2].row == 3 && votes[2].weight == 0.5f && votes[2].event == 0);
    collectVotes(history.data(), history.size(), 10, 0.5f, 2, votes);
    CHECK(votes.size() == 2 && votes[1].row == 9 && votes[1].weight == kMaxEventWeight / 2);
  });
  return check::finish();
}

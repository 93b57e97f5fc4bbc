// The fold-in against an exact solution in double precision, by every way the solver has.

#include "../../../native/recall/fold_in.h"

#include <cmath>
#include <vector>

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

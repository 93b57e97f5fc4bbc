// Factors against the definition of iALS in double precision.

#include "../../../native/learn/factors.h"

#include <cmath>

#include "../../../native/learn/eigen.h"
#include "../check.h"
#include "shop.h"

using namespace kairank;

namespace {

double dot(const float* a, const float* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double lambdaOf(const FactorSettings& settings, double total, size_t others) {
  return settings.regularisation * std::pow(total + settings.alpha0 * static_cast<double>(others), settings.nu);
}

/// The loss of Rendle et al. 2021 over every pair of a user and an item.
double lossOf(const Positives& positives, const FactorSettings& settings, const std::vector<float>& users,
              const std::vector<float>& items) {
  const size_t dim = settings.dim;
  double loss = 0;
  for (uint32_t user = 0; user < positives.userCount(); user++) {
    const float* x = users.data() + user * dim;
    double total = 0;
    for (uint64_t e = positives.offsets[user]; e < positives.offsets[user + 1]; e++) {
      const double gap = 1 - dot(x, items.data() + positives.rows[e] * dim, dim);
      loss += positives.weights[e] * gap * gap;
      total += positives.weights[e];
    }
    for (uint32_t item = 0; item < positives.itemCount(); item++) {
      const double product = dot(x, items.data() + item * dim, dim);
      loss += settings.alpha0 * product * product;
    }
    loss += lambdaOf(settings, total, positives.itemCount()) * dot(x, x, dim);
  }
  for (uint32_t item = 0; item < positives.itemCount(); item++) {
    const float* y = items.data() + item * dim;
    loss += lambdaOf(settings, positives.popularity[item], positives.userCount()) * dot(y, y, dim);
  }
  return loss;
}

FactorSettings settingsOf(uint32_t dim) {
  FactorSettings settings;
  settings.dim = dim;
  settings.regularisation = 0.02;
  settings.alpha0 = 0.1;
  settings.nu = 0.8;
  return settings;
}

/// Each item's factors are where the gradient of the loss is zero, users fixed.
void checkOptimal(const Positives& positives, const FactorSettings& settings, const std::vector<float>& users,
                  const std::vector<float>& items) {
  const size_t dim = settings.dim;
  for (uint32_t item = 0; item < positives.itemCount(); item++) {
    const float* y = items.data() + item * dim;
    std::vector<double> gradient(dim, 0.0);
    double scale = 0;
    for (uint64_t i = positives.itemOffsets[item]; i < positives.itemOffsets[item + 1]; i++) {
      const uint64_t place = positives.places[i];
      const float* x = users.data() + positives.users[place] * dim;
      const double pull = positives.weights[place] * (1 - dot(x, y, dim));
      for (size_t d = 0; d < dim; d++) gradient[d] -= pull * x[d];
      scale += positives.weights[place] * std::sqrt(dot(x, x, dim));
    }
    for (uint32_t user = 0; user < positives.userCount(); user++) {
      const float* x = users.data() + user * dim;
      const double push = settings.alpha0 * dot(x, y, dim);
      for (size_t d = 0; d < dim; d++) gradient[d] += push * x[d];
    }
    const double lambda = lambdaOf(settings, positives.popularity[item], positives.userCount());
    for (size_t d = 0; d < dim; d++) {
      gradient[d] += lambda * y[d];
      CHECK_THAT(std::fabs(gradient[d]) <= 2e-4 * scale + 1e-7, "item " << item << " of dim " << dim);
    }
  }
}

void train(uint64_t seed, uint32_t dim) {
  Random random(seed);
  const Histories histories = randomHistories(random, 80, 60, 30);
  const Positives positives = positivesOf(histories, 60);
  const FactorSettings settings = settingsOf(dim);
  const Control control;
  FactorTrainer trainer(positives, settings, 5, 2, control);
  double before = INFINITY;
  for (int epoch = 0; epoch < 6; epoch++) {
    trainer.epoch();
    const std::vector<float> users = trainer.userFactors();
    const double loss = lossOf(positives, settings, users, trainer.itemFactors());
    CHECK_THAT(loss < before * (1 + 1e-6), "dim " << dim << " epoch " << epoch << ": " << loss << " after " << before);
    before = loss;
    checkOptimal(positives, settings, users, trainer.itemFactors());
  }
  // An item that is folded in from its users is where training put it.
  const std::vector<float> trained = trainer.userFactors();
  const auto placed = trainer.model();
  FoldInScratch solver;
  std::vector<float> y(dim);
  for (uint32_t item = 0; item < 60; item++) {
    std::vector<const float*> fans;
    std::vector<float> weights;
    for (uint64_t i = positives.itemOffsets[item]; i < positives.itemOffsets[item + 1]; i++) {
      fans.push_back(trained.data() + positives.users[positives.places[i]] * dim);
      weights.push_back(positives.weights[positives.places[i]]);
    }
    if (fans.empty()) continue;
    foldInItem(*placed, fans.data(), weights.data(), fans.size(), nullptr, solver, y.data());
    const float* expected = placed->factors.data() + item * dim;
    double error = 0;
    for (uint32_t d = 0; d < dim; d++) error += (y[d] - expected[d]) * (y[d] - expected[d]);
    CHECK_THAT(std::sqrt(error) <= 2e-3 * std::sqrt(dot(expected, expected, dim)) + 1e-6, "dim " << dim);
  }
  // The next users are what a fold-in of their histories gives.
  const auto model = trainer.model();
  model->decay = 1;
  FoldInScratch scratch;
  std::vector<Vote> votes;
  std::vector<float> x(dim);
  std::vector<float> users(80 * static_cast<size_t>(dim));
  for (uint32_t user = 0; user < 80; user++) {
    const uint64_t first = histories.offsets[user];
    collectVotes(histories.events.data() + first, histories.offsets[user + 1] - first, 60, 1, 1000, votes);
    foldIn(*model, nullptr, votes, scratch, users.data() + user * dim);
  }
  const double folded = lossOf(positives, settings, users, trainer.itemFactors());
  CHECK_THAT(folded <= before * (1 + 1e-6), "dim " << dim << ": " << folded << " after " << before);
}

}  // namespace

int main() {
  check::test("every half step solves its rows, and the loss falls", [] {
    for (uint32_t dim : {1u, 4u, 16u, 33u}) train(dim, dim);
  });
  check::test("a dim too large for the turn to principal axes", [] { train(6, 520); });
  check::test("one seed, one result, whatever the threads", [] {
    Random random(3);
    const Positives positives = positivesOf(randomHistories(random, 300, 200, 15), 200);
    Control a;
    Control b;
    Control c;
    FactorSettings settings = settingsOf(12);
    settings.epochs = 3;
    const auto one = fitFactors(positives, settings, 1, 1, a);
    const auto four = fitFactors(positives, settings, 1, 4, b);
    const auto other = fitFactors(positives, settings, 2, 1, c);
    CHECK(one->factors == four->factors && one->gram == four->gram);
    CHECK(one->factors != other->factors);
  });
  check::test("the search returns the best of what it tried, fitted as said", [] {
    Random random(4);
    Dataset data;
    data.items = 120;
    data.validation = casesOf(randomHistories(random, 200, 120, 12));
    data.train = data.validation.histories;
    Control control;
    FactorSearch search;
    search.seed = 7;
    search.threads = 2;
    const LearnedFactors learned = learnFactors(data, search, control);
    Control again;
    const auto fitted = fitFactors(positivesOf(data.train, data.items), learned.settings, 7, 1, again);
    CHECK(fitted->factors == learned.factors->factors);
    CHECK(fitted->decay == learned.factors->decay);
    CHECK(learned.trials.size() > 10);
  });
  check::test("eigenvectors", [] {
    Random random(5);
    for (size_t n : {1, 2, 3, 17, 60}) {
      std::vector<double> a(n * n);
      for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random.normal();
      }
      std::vector<double> values;
      std::vector<double> vectors;
      symmetricEigen(a, n, values, vectors);
      for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
          double rebuilt = 0;
          double product = 0;
          for (size_t k = 0; k < n; k++) {
            rebuilt += vectors[k * n + i] * values[k] * vectors[k * n + j];
            product += vectors[i * n + k] * vectors[j * n + k];
          }
          CHECK_THAT(std::fabs(rebuilt - a[i * n + j]) < 1e-6, "n " << n);
          CHECK_THAT(std::fabs(product - (i == j)) < 1e-12, "n " << n);
        }
      }
    }
  });
  return check::finish();
}

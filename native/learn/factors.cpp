#include "factors.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"
#include "../include/parallel.h"
#include "../include/random.h"
#include "../include/status.h"
#include "eigen.h"

namespace kairank {

namespace {

constexpr size_t kRotatedDim = 512;  // above it turning to the principal axes costs more than it saves
constexpr size_t kGramChunk = 2048;  // rows of a partial gram: fixed, so that sums do not depend on the threads
constexpr size_t kRowChunk = 64;
constexpr double kInitial = 0.1;  // standard deviation of <x, y> at the start, roughly

}  // namespace

std::vector<std::pair<std::string, double>> named(const FactorSettings& settings) {
  return {{"dim", settings.dim},       {"epochs", settings.epochs}, {"regularisation", settings.regularisation},
          {"alpha0", settings.alpha0}, {"nu", settings.nu},         {"decay", settings.decay}};
}

void checkSettings(const FactorSettings& settings) {
  const auto within = [](double value, double least, double most) { return value >= least && value <= most; };
  if (!within(settings.dim, 1, kMaxDim) || !within(settings.epochs, 1, 10000) ||
      !within(settings.regularisation, 1e-9, 1e6) || !within(settings.alpha0, 1e-9, 1e3) ||
      !within(settings.nu, 0, 2) || !(settings.decay > 0 && settings.decay <= 1)) {
    throw Error(
        Status::invalidArgument,
        "factors: dim must be from 1 to 4096, epochs from 1 to 10000, regularisation from 1e-9 to 1e6, alpha0 from "
        "1e-9 to 1e3, nu from 0 to 2, decay above 0 and at most 1");
  }
}

FactorTrainer::FactorTrainer(const Positives& positives, const FactorSettings& settings, uint64_t seed,
                             uint32_t threads, const Control& control)
    : positives_(positives), settings_(settings), threads_(std::max(1u, threads)), control_(control) {
  checkSettings(settings);
  users_.rows = positives.userCount();
  items_.rows = positives.itemCount();
  users_.factors.assign(users_.rows * settings_.dim, 0.0f);
  items_.factors.assign(items_.rows * settings_.dim, 0.0f);
  itemUsers_.reserve(positives.places.size());
  itemWeights_.reserve(positives.places.size());
  for (uint64_t place : positives.places) {
    itemUsers_.push_back(positives.users[place]);
    itemWeights_.push_back(positives.weights[place]);
  }
  scratch_.resize(threads_);
  Random random(seed);
  const double deviation = kInitial / std::sqrt(static_cast<double>(settings_.dim));
  for (size_t item = 0; item < items_.rows; item++) {
    if (positives.itemOffsets[item] == positives.itemOffsets[item + 1]) continue;  // nothing will ever move it
    for (size_t d = 0; d < settings_.dim; d++) {
      items_.factors[item * settings_.dim + d] = static_cast<float>(random.normal() * deviation);
    }
  }
  finish(items_);
}

void FactorTrainer::epoch() {
  solve(users_, items_, true);
  finish(users_);
  solve(items_, users_, false);
  finish(items_);
}

void FactorTrainer::solve(Side& side, Side& other, bool users) {
  const std::vector<uint64_t>& offsets = users ? positives_.offsets : positives_.itemOffsets;
  const std::vector<uint32_t>& ids = users ? positives_.rows : itemUsers_;
  const std::vector<float>& weights = users ? positives_.weights : itemWeights_;
  const size_t dim = settings_.dim;
  parallelFor(threads_, side.rows, kRowChunk, control_, [&](size_t thread, size_t begin, size_t end) {
    for (size_t row = begin; row < end; row++) {
      const uint64_t first = offsets[row];
      const size_t count = offsets[row + 1] - first;
      if (count == 0) continue;
      double total = 0;
      for (size_t j = 0; j < count; j++) total += weights[first + j];
      const float lambda = rowLambda(static_cast<float>(settings_.regularisation), static_cast<float>(settings_.alpha0),
                                     static_cast<float>(settings_.nu), total, static_cast<double>(other.rows));
      FoldInScratch& scratch = scratch_[thread];
      scratch.others.clear();
      for (size_t j = 0; j < count; j++) {
        scratch.others.push_back(other.factors.data() + static_cast<size_t>(ids[first + j]) * dim);
      }
      solveRow({other.gram.data(), other.diagonal, dim, lambda}, scratch.others.data(), weights.data() + first, count,
               scratch, side.factors.data() + row * dim);
    }
  });
}

void FactorTrainer::finish(Side& side) {
  const size_t dim = settings_.dim;
  const size_t chunks = (side.rows + kGramChunk - 1) / kGramChunk;
  // Partial grams are added in order, a few chunks at a time so that memory stays small at a large dim.
  const size_t together = std::max<size_t>(1, std::min<size_t>(chunks, (size_t{1} << 24) / (dim * dim)));
  const std::vector<float> ones(kGramChunk, 1.0f);
  std::vector<double> gram(dim * dim, 0.0);
  std::vector<float> partial(together * dim * dim);
  for (size_t base = 0; base < chunks; base += together) {
    const size_t size = std::min(together, chunks - base);
    std::fill(partial.begin(), partial.end(), 0.0f);
    parallelFor(threads_, size, 1, control_, [&](size_t, size_t begin, size_t) {
      const size_t first = (base + begin) * kGramChunk;
      kernels().gramF32(side.factors.data() + first * dim, dim, ones.data(), std::min(kGramChunk, side.rows - first),
                        dim, partial.data() + begin * dim * dim, dim);
    });
    for (size_t c = 0; c < size; c++) {
      for (size_t i = 0; i < dim; i++) {
        for (size_t j = 0; j <= i; j++) gram[i * dim + j] += partial[(c * dim + i) * dim + j];
      }
    }
  }
  for (size_t i = 0; i < dim; i++) {
    for (size_t j = 0; j < i; j++) gram[j * dim + i] = gram[i * dim + j];
  }

  side.gram.assign(dim * dim, 0.0f);
  side.diagonal = dim <= kRotatedDim;
  if (!side.diagonal) {
    for (size_t i = 0; i < dim * dim; i++) side.gram[i] = static_cast<float>(settings_.alpha0 * gram[i]);
    return;
  }
  std::vector<double> values;
  std::vector<double> vectors;
  symmetricEigen(std::move(gram), dim, values, vectors);
  for (size_t d = 0; d < dim; d++) {
    side.gram[d * dim + d] = static_cast<float>(settings_.alpha0 * std::max(0.0, values[d]));
  }
  side.axes.assign(vectors.begin(), vectors.end());
  parallelFor(threads_, side.rows, kRowChunk, control_, [&](size_t thread, size_t begin, size_t end) {
    std::vector<float>& turned = scratch_[thread].rows;
    turned.resize((end - begin) * dim);
    float* rows = side.factors.data() + begin * dim;
    kernels().batchF32(rows, dim, end - begin, side.axes.data(), dim, dim, dim, turned.data(), dim);
    std::copy(turned.begin(), turned.end(), rows);
  });
}

std::shared_ptr<FactorsModel> FactorTrainer::model() {
  auto model = std::make_shared<FactorsModel>();
  model->items = positives_.itemCount();
  model->dim = settings_.dim;
  model->factors = items_.factors;
  model->gram = items_.gram;
  model->userGram = userGram();
  model->users = static_cast<uint32_t>(users_.rows);
  model->regularisation = static_cast<float>(settings_.regularisation);
  model->alpha0 = static_cast<float>(settings_.alpha0);
  model->nu = static_cast<float>(settings_.nu);
  model->decay = static_cast<float>(settings_.decay);
  completeFactors(*model);
  return model;
}

std::vector<float> FactorTrainer::userGram() const {
  if (items_.axes.empty()) return users_.gram;
  // G turned: A G A^T, as the users' factors turn to U A^T.
  const size_t dim = settings_.dim;
  const std::vector<float>& axes = items_.axes;
  std::vector<double> half(dim * dim, 0.0);
  for (size_t i = 0; i < dim; i++) {
    for (size_t p = 0; p < dim; p++) {
      for (size_t j = 0; j < dim; j++) {
        half[i * dim + j] += static_cast<double>(axes[i * dim + p]) * users_.gram[p * dim + j];
      }
    }
  }
  std::vector<float> turned(dim * dim);
  for (size_t i = 0; i < dim; i++) {
    for (size_t j = 0; j <= i; j++) {
      double sum = 0;
      for (size_t p = 0; p < dim; p++) sum += half[i * dim + p] * axes[j * dim + p];
      turned[i * dim + j] = turned[j * dim + i] = static_cast<float>(sum);
    }
  }
  return turned;
}

std::vector<float> FactorTrainer::userFactors() const {
  if (items_.axes.empty()) return users_.factors;
  const size_t dim = settings_.dim;
  std::vector<float> turned(users_.factors.size());
  kernels().batchF32(users_.factors.data(), dim, users_.rows, items_.axes.data(), dim, dim, dim, turned.data(), dim);
  return turned;
}

std::shared_ptr<const FactorsModel> fitFactors(const Positives& positives, const FactorSettings& settings,
                                               uint64_t seed, uint32_t threads, Control& control) {
  control.begin(settings.epochs);
  FactorTrainer trainer(positives, settings, seed, threads, control);
  for (uint32_t epoch = 0; epoch < settings.epochs; epoch++) {
    trainer.epoch();
    control.advance(1);
  }
  return trainer.model();
}

}  // namespace kairank

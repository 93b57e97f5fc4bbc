// The layers of the sequence model: forwards against worked references, backwards against finite differences.

#include <algorithm>

#include "../../../native/learn/sequence/attention.h"
#include "../../../native/learn/sequence/cosine.h"
#include "../../../native/learn/sequence/dropout.h"
#include "../../../native/learn/sequence/gelu.h"
#include "../../../native/learn/sequence/linear.h"
#include "../../../native/learn/sequence/loss.h"
#include "../../../native/learn/sequence/network.h"
#include "../../../native/learn/sequence/norm.h"
#include "../../../native/learn/sequence/optimiser.h"
#include "gradients.h"

using namespace kairank;
using Numbers = std::vector<double>;

namespace {

void checkNorm() {
  // Worked: the row 1, 2, 3, 6 has mean 3 and variance 3.5.
  const Numbers row{1, 2, 3, 6};
  const Numbers ones(4, 1.0);
  const Numbers zeros(4, 0.0);
  Numbers y(4);
  Numbers unit(4);
  Numbers inverse(1);
  normForward(row.data(), ones.data(), zeros.data(), 1, 4, y.data(), unit.data(), inverse.data());
  for (size_t d = 0; d < 4; d++) CHECK(std::fabs(y[d] - (row[d] - 3) / std::sqrt(3.5)) < 1e-6);

  Random random(1);
  const size_t rows = 3;
  const size_t dim = 7;
  Numbers x = randomNumbers(random, rows * dim);
  Numbers gain = randomNumbers(random, dim);
  Numbers bias = randomNumbers(random, dim);
  const Numbers by = randomNumbers(random, rows * dim);
  Numbers out(rows * dim);
  Numbers units(rows * dim);
  Numbers inverses(rows);
  const auto loss = [&] {
    normForward(x.data(), gain.data(), bias.data(), rows, dim, out.data(), units.data(), inverses.data());
    return weighted(out, by);
  };
  loss();
  Numbers dx(rows * dim, 0.0);
  Numbers dGain(dim, 0.0);
  Numbers dBias(dim, 0.0);
  normBackward(units.data(), inverses.data(), gain.data(), by.data(), rows, dim, dx.data(), dGain.data(), dBias.data());
  checkGradient("norm x", x, dx, loss);
  checkGradient("norm gain", gain, dGain, loss);
  checkGradient("norm bias", bias, dBias, loss);
}

void checkLinear() {
  Random random(2);
  const size_t rows = 4;
  const size_t in = 5;
  const size_t out = 3;
  Numbers x = randomNumbers(random, rows * in);
  Numbers weight = randomNumbers(random, out * in);
  Numbers bias = randomNumbers(random, out);
  const Numbers by = randomNumbers(random, rows * out);
  Numbers y(rows * out);
  const auto loss = [&] {
    linearForward(x.data(), weight.data(), bias.data(), rows, in, out, y.data(), Products::exact);
    return weighted(y, by);
  };
  loss();
  for (size_t i = 0; i < rows; i++) {
    for (size_t o = 0; o < out; o++) {
      double sum = bias[o];
      for (size_t k = 0; k < in; k++) sum += x[i * in + k] * weight[o * in + k];
      CHECK(std::fabs(y[i * out + o] - sum) < 1e-12);
    }
  }
  Numbers dx(rows * in);
  Numbers dWeight(out * in, 0.0);
  Numbers dBias(out, 0.0);
  linearBackward(x.data(), weight.data(), by.data(), rows, in, out, dx.data(), dWeight.data(), dBias.data());
  checkGradient("linear x", x, dx, loss);
  checkGradient("linear weight", weight, dWeight, loss);
  checkGradient("linear bias", bias, dBias, loss);
}

/// Attention as its formula says it, one matrix of scores a sequence and head.
Numbers attentionByFormula(const AttentionShape& shape, const Numbers& projected, const Numbers& distance) {
  const size_t dim = shape.dim;
  const size_t width = dim / shape.heads;
  Numbers out(shape.offsets.back() * dim, 0.0);
  for (size_t s = 0; s + 1 < shape.offsets.size(); s++) {
    const size_t first = shape.offsets[s];
    for (size_t i = first; i < shape.offsets[s + 1]; i++) {
      for (size_t h = 0; h < shape.heads; h++) {
        Numbers score(i - first + 1);
        double sum = 0;
        for (size_t j = first; j <= i; j++) {
          double product = 0;
          for (size_t k = 0; k < width; k++) {
            product += projected[i * 3 * dim + h * width + k] * projected[j * 3 * dim + dim + h * width + k];
          }
          const bool seen = i - j < shape.window;
          score[j - first] =
              seen ? std::exp(product / std::sqrt(double(width)) + distance[h * shape.window + i - j]) : 0;
          sum += score[j - first];
        }
        for (size_t j = first; j <= i; j++) {
          for (size_t k = 0; k < width; k++) {
            out[i * dim + h * width + k] += score[j - first] / sum * projected[j * 3 * dim + 2 * dim + h * width + k];
          }
        }
      }
    }
  }
  return out;
}

void checkAttention() {
  Random random(3);
  const std::vector<uint32_t> offsets{0, 1, 8, 8, 11};
  const AttentionShape shape{offsets, 6, 2, 4};
  Numbers projected = randomNumbers(random, 11 * 18);
  Numbers distance = randomNumbers(random, 2 * 4);
  const Numbers by = randomNumbers(random, 11 * 6);
  Numbers out(11 * 6);
  Numbers weights(attentionWeights(shape));
  const auto loss = [&] {
    attentionForward(shape, projected.data(), distance.data(), out.data(), weights.data());
    return weighted(out, by);
  };
  loss();
  const Numbers expected = attentionByFormula(shape, projected, distance);
  for (size_t i = 0; i < out.size(); i++) CHECK(std::fabs(out[i] - expected[i]) < 1e-12);
  Numbers dProjected(projected.size());
  Numbers dDistance(distance.size(), 0.0);
  attentionBackward(shape, projected.data(), weights.data(), by.data(), dProjected.data(), dDistance.data());
  checkGradient("attention projected", projected, dProjected, loss);
  checkGradient("attention distance", distance, dDistance, loss);
}

void checkGelu() {
  Random random(4);
  Numbers x = randomNumbers(random, 40, 2);
  const Numbers by = randomNumbers(random, 40);
  Numbers y(40);
  Numbers gate(40);
  const auto loss = [&] {
    geluForward(x.data(), 40, y.data(), gate.data());
    return weighted(y, by);
  };
  loss();
  // The exact GELU is x Phi(x); the sigmoid form is within 0.021 of it everywhere.
  for (size_t i = 0; i < 40; i++) CHECK(std::fabs(y[i] - x[i] * 0.5 * std::erfc(-x[i] / std::sqrt(2.0))) < 0.021);
  Numbers dx = by;
  geluBackward(x.data(), gate.data(), 40, dx.data());
  checkGradient("gelu", x, dx, loss);
}

void checkDropout() {
  Random random(5);
  std::vector<double> x(100000, 1.0);
  std::vector<uint8_t> kept;
  dropoutForward(x.data(), x.size(), 0.3, random, kept);
  double mean = 0;
  for (size_t i = 0; i < x.size(); i++) {
    CHECK(kept[i] ? std::fabs(x[i] - 1 / 0.7) < 1e-4 : x[i] == 0);
    mean += x[i] / 100000;
  }
  CHECK(std::fabs(mean - 1) < 0.01);
  std::vector<double> d(100000, 1.0);
  dropoutBackward(d.data(), d.size(), 0.3, kept);
  CHECK(d == x);
  dropoutForward(x.data(), x.size(), 0, random, kept);
  CHECK(kept.empty() && x == d);
}

SequenceConfig smallConfig(bool pooled) {
  SequenceConfig config;
  config.items = 9;
  config.dim = 6;
  config.blocks = 2;
  config.heads = 2;
  config.hidden = 8;
  config.window = 3;
  config.gaps = 4;
  config.pooled = pooled;
  config.kinds = {2, 5};
  return config;
}

Ragged smallBatch(Random& random) {
  Ragged batch;
  for (const size_t length : {1, 8, 2}) {
    for (size_t i = 0; i < length; i++) {
      batch.push(static_cast<uint32_t>(random.below(9)), i == 3 ? kNoEmbedding : static_cast<uint32_t>(random.below(2)),
                 i == 0 ? kNoEmbedding : static_cast<uint32_t>(random.below(4)));
    }
    batch.close();
  }
  return batch;
}

void checkNetwork(double dropout, bool pooled) {
  Random random(6);
  const SequenceConfig config = smallConfig(pooled);
  const SequenceLayout layout(config);
  const Ragged batch = smallBatch(random);
  const size_t rows = batch.rows();
  Numbers weights = randomNumbers(random, layout.size, 0.5);
  const Numbers by = randomNumbers(random, rows * config.dim);
  NetworkTrace<double> trace;
  const auto loss = [&] {
    Random same(77);  // the same entries are dropped every time
    networkForward(config, layout, weights.data(), batch, dropout, same, trace);
    return weighted(trace.out, by);
  };
  loss();
  Numbers gradient(layout.size, 0.0);
  Numbers dItems(rows * config.dim);
  networkBackward(config, layout, weights.data(), batch, dropout, trace, by.data(), gradient.data() + layout.body,
                  dItems.data());
  for (size_t i = 0; i < rows; i++) {
    for (size_t d = 0; d < config.dim; d++) gradient[batch.items[i] * config.dim + d] += dItems[i * config.dim + d];
  }
  checkGradient("network", weights, gradient, loss);

  // The same by the kernels, as far as f32 goes, or bf16.
  const std::vector<float> f32(weights.begin(), weights.end());
  loss();
  for (const Products products : {Products::exact, Products::rounded}) {
    NetworkTrace<float> single;
    Random same(77);
    networkForward(config, layout, f32.data(), batch, dropout, same, single, products);
    const double room = products == Products::exact ? 1e-3 : 0.05;
    for (size_t i = 0; i < single.out.size(); i++) CHECK(std::fabs(single.out[i] - trace.out[i]) < room);
  }
}

/// Later events change nothing before them, and sequences do not see one another.
void checkCausal(bool pooled) {
  Random random(7);
  const SequenceConfig config = smallConfig(pooled);
  const SequenceLayout layout(config);
  const Ragged batch = smallBatch(random);
  const Numbers weights = randomNumbers(random, layout.size, 0.5);
  NetworkTrace<double> trace;
  networkForward(config, layout, weights.data(), batch, 0, random, trace);
  const Numbers before = trace.out;
  for (size_t changed = 0; changed < batch.rows(); changed++) {
    Ragged other = batch;
    other.items[changed] = (other.items[changed] + 1) % config.items;
    networkForward(config, layout, weights.data(), other, 0, random, trace);
    size_t end = 0;
    while (batch.offsets[end] <= changed) end++;
    for (size_t i = 0; i < batch.rows(); i++) {
      const bool same = std::equal(before.begin() + i * config.dim, before.begin() + (i + 1) * config.dim,
                                   trace.out.begin() + i * config.dim);
      // Every layer of window 3 reaches two events further back.
      const bool reached = i >= changed && i < batch.offsets[end] && i - changed <= (pooled ? 6u : 4u);
      CHECK_THAT(same != reached, "row " << i << " after a change of " << changed);
    }
  }
}

struct Loss {
  double loss;
  std::vector<float> dIntents, dCandidates;
};

Loss lossOf(const std::vector<float>& intents, const std::vector<float>& candidates, const std::vector<float>* chance,
            const std::vector<uint32_t>& targets, size_t dim, float smoothing, Products products, uint32_t threads) {
  Loss out;
  out.dIntents.resize(intents.size());
  out.dCandidates.resize(candidates.size());
  LossScratch scratch;
  const Control control;
  const LossTask task{intents.data(),
                      targets.size(),
                      dim,
                      candidates.data(),
                      candidates.size() / dim,
                      chance ? chance->data() : nullptr,
                      targets.data(),
                      smoothing,
                      products};
  out.loss = softmaxLoss(task, threads, control, scratch, out.dIntents.data(), out.dCandidates.data());
  return out;
}

/// The loss by its formula, in double.
double lossByFormula(const Numbers& intents, const Numbers& candidates, const std::vector<float>* chance,
                     const std::vector<uint32_t>& targets, size_t dim, double smoothing) {
  const size_t count = candidates.size() / dim;
  double total = 0;
  for (size_t i = 0; i < targets.size(); i++) {
    double sum = 0;
    double mean = 0;
    double own = 0;
    for (size_t j = 0; j < count; j++) {
      double logit = 0;
      for (size_t d = 0; d < dim; d++) logit += intents[i * dim + d] * candidates[j * dim + d];
      if (chance != nullptr && j != targets[i]) logit -= (*chance)[j];
      sum += std::exp(logit);
      mean += logit / static_cast<double>(count);
      if (j == targets[i]) own = logit;
    }
    total += std::log(sum) - (1 - smoothing) * own - smoothing * mean;
  }
  return total / static_cast<double>(targets.size());
}

void checkLoss(size_t rows, size_t count, bool sampled, float smoothing, Products products = Products::exact) {
  Random random(8);
  const size_t dim = 5;
  Numbers intents = randomNumbers(random, rows * dim);
  Numbers candidates = randomNumbers(random, count * dim);
  for (double& x : intents) x = static_cast<float>(x);
  for (double& x : candidates) x = static_cast<float>(x);
  std::vector<uint32_t> targets;
  for (size_t i = 0; i < rows; i++) targets.push_back(static_cast<uint32_t>(random.below(count)));
  std::vector<float> chance;
  for (size_t j = 0; j < count; j++) chance.push_back(static_cast<float>(std::log(0.05 + 0.9 * random.uniform())));
  const std::vector<float>* use = sampled ? &chance : nullptr;
  const std::vector<float> a(intents.begin(), intents.end());
  const std::vector<float> b(candidates.begin(), candidates.end());
  const Loss one = lossOf(a, b, use, targets, dim, smoothing, products, 1);
  const Loss three = lossOf(a, b, use, targets, dim, smoothing, products, 3);
  CHECK(one.loss == three.loss && one.dIntents == three.dIntents && one.dCandidates == three.dCandidates);
  const auto formula = [&] { return lossByFormula(intents, candidates, use, targets, dim, smoothing); };
  // What rounding to bf16 moves a logit by, 2^-7 sum|a b|, moves a probability by about the same share of itself.
  const double rounding = products == Products::exact ? 0 : 0.02;
  CHECK(std::fabs(one.loss - formula()) < 1e-5 + rounding);
  const auto compare = [&](Numbers& at, const std::vector<float>& gradient) {
    double largest = 0;
    for (const float value : gradient) largest = std::max<double>(largest, std::fabs(value));
    for (size_t k = 0; k < at.size(); k += 1 + at.size() / 60) {
      const double kept = at[k];
      at[k] = kept + 1e-5;
      const double above = formula();
      at[k] = kept - 1e-5;
      const double expected = (above - formula()) / 2e-5;
      at[k] = kept;
      CHECK_THAT(std::fabs(gradient[k] - expected) < 1e-6 + rounding * largest + 1e-4 * std::fabs(expected),
                 gradient[k] << " for " << expected);
    }
  };
  compare(intents, one.dIntents);
  compare(candidates, one.dCandidates);
}

/// Two steps of AdamW worked by hand: rate 0.1, means 0.9 and 0.99, decay 0.01.
void checkAdam() {
  AdamSettings settings;
  settings.rate = 0.1;
  settings.second = 0.99;
  settings.decay = 0.01;
  std::vector<float> weights{1, 5, 7};
  AdamState state{std::vector<float>(3, 0.0f), std::vector<float>(3, 0.0f)};
  double w = 5;
  double m = 0;
  double v = 0;
  for (int step = 1; step <= 2; step++) {
    const float gradient[] = {step == 1 ? 2.0f : -1.0f};
    adamStep(settings, step, 0.5f, gradient, 1, 1, weights, state);
    const double g = 0.5 * gradient[0];
    m = 0.9 * m + 0.1 * g;
    v = 0.99 * v + 0.01 * g * g;
    w -= 0.1 * 0.01 * w + 0.1 * (m / (1 - std::pow(0.9, step))) / (std::sqrt(v / (1 - std::pow(0.99, step))) + 1e-8);
  }
  CHECK(weights[0] == 1 && weights[2] == 7);
  CHECK_THAT(std::fabs(weights[1] - w) < 1e-5, weights[1] << " for " << w);
}

}  // namespace

int main() {
  check::test("layer norm", checkNorm);
  check::test("linear", checkLinear);
  check::test("attention", checkAttention);
  check::test("gelu", checkGelu);
  check::test("dropout", checkDropout);
  check::test("the whole network", [] { checkNetwork(0, false); });
  check::test("the whole network with dropout", [] { checkNetwork(0.3, false); });
  check::test("the whole network with pooling", [] { checkNetwork(0, true); });
  check::test("the whole network with pooling and dropout", [] { checkNetwork(0.3, true); });
  check::test("causal, within its window and its sequence", [] {
    checkCausal(false);
    checkCausal(true);
  });
  check::test("an intent by pooling is a mean of the items of its events", [] {
    Random random(21);
    const SequenceConfig config = smallConfig(true);
    const SequenceLayout layout(config);
    const Ragged batch = smallBatch(random);
    Numbers weights = randomNumbers(random, layout.size, 0.5);
    // Every item along one axis, at a place of its own: a mean lies between the least and the most of its window.
    for (size_t item = 0; item < config.items; item++) {
      for (size_t d = 0; d < config.dim; d++) {
        weights[item * config.dim + d] = d == 0 ? static_cast<double>(item) / std::sqrt(config.dim) : 0;
      }
    }
    NetworkTrace<double> trace;
    networkForward(config, layout, weights.data(), batch, 0, random, trace);
    for (size_t s = 0; s + 1 < batch.offsets.size(); s++) {
      for (size_t i = batch.offsets[s]; i < batch.offsets[s + 1]; i++) {
        const size_t first = std::max<size_t>(batch.offsets[s] + config.window, i + 1) - config.window;
        const auto range = std::minmax_element(batch.items.begin() + first, batch.items.begin() + i + 1);
        CHECK(trace.out[i * config.dim] > *range.first - 1e-9 && trace.out[i * config.dim] < *range.second + 1e-9);
        for (size_t d = 1; d < config.dim; d++) CHECK(trace.out[i * config.dim + d] == 0);
      }
    }
  });
  check::test("scaling to a length, against finite differences", [] {
    Random random(17);
    const size_t dim = 9;
    for (const double length : {1.0, 14.0}) {
      std::vector<double> x(dim), weights(dim);
      for (size_t d = 0; d < dim; d++) x[d] = random.normal(), weights[d] = random.normal();
      const auto lossOf = [&](const std::vector<double>& at) {
        double squares = 0, product = 0;
        for (size_t d = 0; d < dim; d++) squares += at[d] * at[d], product += weights[d] * at[d];
        return product * length / std::sqrt(squares);
      };
      double squares = 0;
      for (const double value : x) squares += value * value;
      const double scale = length / std::sqrt(squares);
      std::vector<double> scaled(x), gradient(weights);
      for (double& value : scaled) value *= scale;
      unscaleGradient(scaled.data(), length, scale, gradient.data(), dim);
      for (size_t d = 0; d < dim; d++) {
        std::vector<double> up(x), down(x);
        up[d] += 1e-6;
        down[d] -= 1e-6;
        CHECK(std::fabs(gradient[d] - (lossOf(up) - lossOf(down)) / 2e-6) < 1e-6 * length);
      }
    }
  });
  check::test("full softmax", [] { checkLoss(7, 30, false, 0); });
  check::test("full softmax with smoothing", [] { checkLoss(7, 30, false, 0.1f); });
  check::test("sampled softmax", [] { checkLoss(5, 40, true, 0); });
  check::test("softmax in several chunks", [] { checkLoss(150, 700, true, 0.05f); });
  check::test("softmax of rounded products", [] {
    checkLoss(7, 30, false, 0, Products::rounded);
    checkLoss(150, 700, true, 0.05f, Products::rounded);
  });
  check::test("AdamW", checkAdam);
  return check::finish();
}

#include "learn.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../dispatch/dispatch.h"
#include "../../include/parallel.h"
#include "../../include/random.h"
#include "../../rank/ranker.h"
#include "../sampling.h"

namespace kairank {

namespace {

constexpr size_t kParts = 4;          // of a step, each with gradients of its own: the sum has one order
constexpr size_t kMostCases = 12000;  // that are taught, and that choose
constexpr size_t kMostEvents = 2000000;
constexpr size_t kCaseChunk = 16;
constexpr uint32_t kPatience = 4;  // epochs without a gain that end the training
constexpr uint32_t kDepth = 200;
constexpr size_t kLeastTaught = 200;  // fewer cases, or lists, teach nothing
constexpr size_t kMostLists = 24000;
constexpr uint32_t kMostPositions = 64;  // those beyond count as the last
constexpr double kPositionRate = 10;     // a position's number has further to go than a weight, and is met more often
constexpr double kClear = 2;  // standard errors that a gain has to exceed: one would let chance join every sixth time
constexpr size_t kLeastBlocks = 16;  // runs of cases that take turns in coming into one half and the other
constexpr size_t kMostBlock = 64;    // cases of a run

}  // namespace

std::vector<std::pair<std::string, double>> named(const RankerSettings& settings) {
  return {{"hidden", settings.hidden},  {"narrow", settings.narrow}, {"epochs", settings.epochs},
          {"batch", settings.batch},    {"rate", settings.rate},     {"decay", settings.decay},
          {"dropout", settings.dropout}};
}

/// Working memory of a part of a step.
struct RankerTrainer::Part {
  std::vector<float> inputs, first, second, scores;
  std::vector<float> dFirst, dSecond;
  std::vector<float> gradient;
  double loss = 0;
};

RankerTrainer::RankerTrainer(const std::vector<RankerCase>& cases, const RankerSettings& settings, uint64_t seed,
                             uint32_t threads, const Control& control)
    : cases_(cases), settings_(settings), seed_(seed), threads_(std::max(1u, threads)), control_(control) {
  model_.inputs = kRankerInputs;
  model_.hidden = settings.hidden;
  model_.narrow = settings.narrow;
  model_.depth = kDepth;
  std::vector<double> sums(kRankerInputs, 0.0), squares(kRankerInputs, 0.0);
  size_t rows = 0;
  uint32_t positions = 0;
  for (uint32_t c = 0; c < cases.size(); c++) {
    for (uint32_t position : cases[c].positions) {
      if (position != kNoPosition) positions = std::max(positions, std::min(position + 1, kMostPositions));
    }
    if (!cases[c].targets.empty()) taught_.push_back(c);
    rows += cases[c].rows();
    for (size_t i = 0; i < cases[c].inputs.size(); i++) sums[i % kRankerInputs] += cases[c].inputs[i];
  }
  for (double& sum : sums) sum /= std::max<size_t>(1, rows);
  for (const RankerCase& one : cases) {
    for (size_t i = 0; i < one.inputs.size(); i++) {
      const double off = one.inputs[i] - sums[i % kRankerInputs];
      squares[i % kRankerInputs] += off * off;
    }
  }
  for (size_t i = 0; i < kRankerInputs; i++) {
    const double deviation = std::sqrt(squares[i] / std::max<size_t>(1, rows));
    model_.mean.push_back(static_cast<float>(sums[i]));
    model_.scale.push_back(deviation > 1e-6 ? static_cast<float>(1 / deviation) : 0);
  }
  weights_.assign(model_.weightCount() + 1 + positions, 0.0f);
  Random random(seed);
  const auto draw = [&](size_t begin, size_t in, size_t out) {
    for (size_t i = 0; i < in * out; i++) {
      weights_[begin + i] = static_cast<float>(random.normal() * std::sqrt(2.0 / static_cast<double>(in)));
    }
  };
  draw(0, kRankerInputs, model_.hidden);
  draw(model_.secondAt(), model_.hidden, model_.narrow);
  // The last layer begins at zero and the trust at one: the network begins as the blend.
  weights_[model_.weightCount()] = 1;
  state_ = {std::vector<float>(weights_.size(), 0.0f), std::vector<float>(weights_.size(), 0.0f)};
}

/// Adds the loss of `count` cases to the part's, and the gradient of the mean over `total`.
void RankerTrainer::learn(const uint32_t* chosen, size_t count, size_t total, uint64_t seed, Part& part) const {
  const size_t in = model_.inputs, wide = model_.hidden, narrow = model_.narrow;
  const float* first = weights_.data();
  const float* second = first + model_.secondAt();
  const float* last = first + model_.lastAt();
  const size_t trustAt = model_.weightCount();
  const float trust = weights_[trustAt];
  const size_t positions = weights_.size() - trustAt - 1;
  part.gradient.assign(weights_.size(), 0.0f);
  float* gFirst = part.gradient.data();
  float* gSecond = gFirst + model_.secondAt();
  float* gLast = gFirst + model_.lastAt();
  part.loss = 0;
  Random random(seed);
  const auto gemm = kernels().gemmBf16;
  std::vector<double> shares;
  for (size_t c = 0; c < count; c++) {
    const RankerCase& one = cases_[chosen[c]];
    const size_t rows = one.rows();
    part.inputs.resize(rows * in);
    std::vector<float> kept(in);
    // One draw a case: candidates of a case are compared by the same inputs.
    for (float& keep : kept) {
      keep = random.uniform() < settings_.dropout ? 0 : static_cast<float>(1 / (1 - settings_.dropout));
    }
    for (size_t r = 0; r < rows; r++) {
      for (size_t i = 0; i < in; i++) {
        part.inputs[r * in + i] = (one.inputs[r * in + i] - model_.mean[i]) * model_.scale[i] * kept[i];
      }
    }
    part.first.resize(rows * wide);
    part.second.resize(rows * narrow);
    rectifiedLayer(gemm, part.inputs.data(), rows, in, first, wide, part.first.data());
    rectifiedLayer(gemm, part.first.data(), rows, wide, second, narrow, part.second.data());
    part.scores.resize(rows);
    for (size_t r = 0; r < rows; r++) {
      kernels().dotF32(last, part.second.data() + r * narrow, narrow, 1, narrow, &part.scores[r]);
      part.scores[r] += trust * one.inputs[r * in + kBlendInput];
    }
    // Where in the weights the position of row r has its number; 0 for none.
    const auto positionAt = [&](size_t r) -> size_t {
      if (positions == 0 || one.positions.empty() || one.positions[r] == kNoPosition) return 0;
      return trustAt + 1 + std::min<size_t>(one.positions[r], positions - 1);
    };
    for (size_t r = 0; r < rows; r++) {
      if (const size_t at = positionAt(r)) part.scores[r] += weights_[at];
    }
    // Of a basket, a target's share is what the softmax gives it among the targets: those count that can be told from
    // the rest, as the top of a list has room for a few. With equal shares, those that nothing speaks for would pull
    // most. Of a list that was shown each was seen and taken, and counts as what it is. A case counts as its best
    // target does, or as the mean of what was shown.
    const bool shown = !one.positions.empty();
    float best = -INFINITY;
    double counts = 0;
    for (size_t t = 0; t < one.targets.size(); t++) {
      best = std::max(best, part.scores[one.targets[t]]);
      counts = shown ? counts + one.gain(t) / static_cast<double>(one.targets.size())
                     : std::max(counts, double{one.gain(t)});
    }
    shares.clear();
    double wanted = 0, scored = 0;
    for (size_t t = 0; t < one.targets.size(); t++) {
      const double below = static_cast<double>(part.scores[one.targets[t]]) - best;
      shares.push_back(one.gain(t) / counts * (shown ? 1 : std::exp(below)));
      wanted += shares.back();
      scored += shares.back() * below;
    }
    float largest = 0;
    const double sum = kernels().softmaxF32(part.scores.data(), rows, &largest);
    part.loss += counts * (std::log(sum) + largest - best - (shown ? scored / wanted : std::log(wanted)));
    const float share = static_cast<float>(counts / (sum * static_cast<double>(total)));
    for (float& value : part.scores) value *= share;
    for (size_t t = 0; t < one.targets.size(); t++) {
      part.scores[one.targets[t]] -= static_cast<float>(counts * shares[t] / (wanted * static_cast<double>(total)));
    }
    // scores are their gradients from here on.
    part.dSecond.assign(rows * narrow, 0.0f);
    for (size_t r = 0; r < rows; r++) {
      const float g = part.scores[r];
      part.gradient[trustAt] += g * one.inputs[r * in + kBlendInput];
      if (const size_t at = positionAt(r)) part.gradient[at] += g;
      kernels().axpyF32(g, part.second.data() + r * narrow, gLast, narrow);
      for (size_t j = 0; j < narrow; j++) {
        part.dSecond[r * narrow + j] = part.second[r * narrow + j] > 0 ? g * last[j] : 0;
      }
    }
    gemm(
        {part.first.data(), wide, true, part.dSecond.data(), narrow, false, gSecond, narrow, wide, narrow, rows, true});
    for (size_t r = 0; r < rows; r++)
      kernels().axpyF32(1, part.dSecond.data() + r * narrow, gSecond + wide * narrow, narrow);
    part.dFirst.resize(rows * wide);
    gemm({part.dSecond.data(), narrow, false, second, narrow, true, part.dFirst.data(), wide, rows, wide, narrow,
          false});
    for (size_t i = 0; i < rows * wide; i++) part.dFirst[i] = part.first[i] > 0 ? part.dFirst[i] : 0;
    gemm({part.inputs.data(), in, true, part.dFirst.data(), wide, false, gFirst, wide, in, wide, rows, true});
    for (size_t r = 0; r < rows; r++) kernels().axpyF32(1, part.dFirst.data() + r * wide, gFirst + in * wide, wide);
  }
}

double RankerTrainer::epoch() {
  std::vector<uint32_t> order = taught_;
  Random random(seedOf(seed_, ++epoch_, 0));
  shuffle(order, random);
  std::vector<Part> parts(kParts);
  AdamSettings adam;
  adam.rate = settings_.rate;
  adam.decay = settings_.decay;
  adam.second = 0.999;
  AdamSettings ofPositions = adam;
  ofPositions.rate *= kPositionRate;
  ofPositions.decay = 0;
  const size_t positionsAt = model_.weightCount() + 1;
  double loss = 0;
  for (size_t at = 0; at < order.size(); at += settings_.batch) {
    const size_t count = std::min<size_t>(settings_.batch, order.size() - at);
    step_++;
    parallelFor(threads_, kParts, 1, control_, [&](size_t, size_t p, size_t) {
      const size_t begin = count * p / kParts, end = count * (p + 1) / kParts;
      learn(order.data() + at + begin, end - begin, count, seedOf(seed_, step_, p + 1), parts[p]);
    });
    for (size_t p = 1; p < kParts; p++)
      kernels().axpyF32(1, parts[p].gradient.data(), parts[0].gradient.data(), weights_.size());
    for (const Part& part : parts) loss += part.loss;
    adamStep(adam, step_, 1, parts[0].gradient.data(), 0, positionsAt, weights_, state_);
    adamStep(ofPositions, step_, 1, parts[0].gradient.data() + positionsAt, positionsAt, weights_.size() - positionsAt,
             weights_, state_);
  }
  return order.empty() ? 0 : loss / static_cast<double>(order.size());
}

std::shared_ptr<RankerModel> RankerTrainer::network() const {
  auto model = std::make_shared<RankerModel>(model_);
  const auto trust = weights_.begin() + static_cast<std::ptrdiff_t>(model_.weightCount());
  model->weights.assign(weights_.begin(), trust);
  model->trust = *trust;
  return model;
}

std::vector<float> RankerTrainer::positions() const {
  return {weights_.begin() + static_cast<std::ptrdiff_t>(model_.weightCount()) + 1, weights_.end()};
}

std::shared_ptr<RankerModel> RankerTrainer::model() const {
  auto model = network();
  calibrate(*model, cases_);
  return model;
}

void calibrate(RankerModel& model, const std::vector<RankerCase>& cases) {
  // Newton's method on the logistic loss of slope and offset.
  std::vector<float> inputs, hidden, scores, all;
  std::vector<uint8_t> labels;
  for (const RankerCase& one : cases) {
    inputs = one.inputs;
    scores.resize(one.rows());
    rankerScores(model, inputs.data(), one.rows(), hidden, scores.data());
    const size_t first = labels.size();
    all.insert(all.end(), scores.begin(), scores.end());
    labels.resize(all.size(), 0);
    for (uint32_t target : one.targets) labels[first + target] = 1;
  }
  const auto lossAt = [&](double slope, double offset) {
    double loss = 5e-4 * (slope - 1) * (slope - 1);
    for (size_t i = 0; i < all.size(); i++) {
      const double margin = slope * all[i] + offset;
      loss += std::max(margin, 0.0) + std::log1p(std::exp(-std::fabs(margin))) - (labels[i] ? margin : 0);
    }
    return loss;
  };
  double slope = 1, offset = 0, loss = lossAt(slope, offset);
  for (int round = 0; round < 50; round++) {
    double gs = 1e-3 * (slope - 1), go = 0, hss = 1e-3, hso = 0, hoo = 1e-9;
    for (size_t i = 0; i < all.size(); i++) {
      const double p = 1 / (1 + std::exp(-(slope * all[i] + offset)));
      const double off = p - labels[i], weight = p * (1 - p);
      gs += off * all[i];
      go += off;
      hss += weight * all[i] * all[i];
      hso += weight * all[i];
      hoo += weight;
    }
    const double determinant = hss * hoo - hso * hso;
    if (!(determinant > 0)) break;
    double ds = (hoo * gs - hso * go) / determinant, dOffset = (hss * go - hso * gs) / determinant;
    // Far from the end, where chances are next to 0 or 1, a whole step goes too far.
    const double damp = std::min(1.0, 4 / std::max(std::fabs(ds), std::fabs(dOffset)));
    ds *= damp;
    dOffset *= damp;
    double next = lossAt(slope - ds, offset - dOffset);
    for (int halving = 0; halving < 30 && !(next <= loss); halving++) {
      ds /= 2;
      dOffset /= 2;
      next = lossAt(slope - ds, offset - dOffset);
    }
    if (!(next <= loss)) break;
    slope -= ds;
    offset -= dOffset;
    loss = next;
    if (std::fabs(ds) + std::fabs(dOffset) < 1e-9) break;
  }
  if (std::isfinite(slope) && std::isfinite(offset)) {
    model.slope = static_cast<float>(slope);
    model.offset = static_cast<float>(offset);
  }
}

std::vector<CaseQuality> rankerQualities(const RankerModel* model, const std::vector<RankerCase>& cases,
                                         uint32_t threads, const Control& control) {
  std::vector<CaseQuality> qualities(cases.size());
  parallelFor(threads, cases.size(), kCaseChunk, control, [&](size_t, size_t begin, size_t end) {
    std::vector<float> inputs, hidden, scores;
    std::vector<TargetRank> ranks;
    for (size_t c = begin; c < end; c++) {
      const RankerCase& one = cases[c];
      scores.resize(one.rows());
      if (model) {
        inputs = one.inputs;
        rankerScores(*model, inputs.data(), one.rows(), hidden, scores.data());
      } else {
        for (size_t r = 0; r < one.rows(); r++) scores[r] = one.inputs[r * kRankerInputs + kBlendInput];
      }
      ranks.assign(one.wanted, TargetRank{});
      for (size_t t = 0; t < one.targets.size(); t++) {
        ranks[t] = rankAmong(scores.data(), scores.size(), scores[one.targets[t]]);
      }
      qualities[c] = qualityOf(ranks.data(), ranks.size());
    }
  });
  return qualities;
}

namespace {

/// Every case as the epoch ranks it that is best on the other half: the best of many epochs looks better than it is on
/// the cases that chose it. Cases of one user, which lie side by side, mostly come into one half.
std::vector<CaseQuality> crossed(const std::vector<std::vector<CaseQuality>>& epochs) {
  const size_t count = epochs[0].size();
  const size_t block = std::clamp<size_t>(count / kLeastBlocks, 1, kMostBlock);
  const auto halfOf = [&](size_t c) { return (c / block) & 1; };
  size_t best[2] = {0, 0};
  double reached[2] = {-1, -1};
  for (size_t epoch = 0; epoch < epochs.size(); epoch++) {
    double sums[2] = {0, 0};
    for (size_t c = 0; c < count; c++) sums[halfOf(c)] += epochs[epoch][c].ndcg;
    for (size_t half = 0; half < 2; half++) {
      if (!(sums[half] > reached[half])) continue;
      reached[half] = sums[half];
      best[half] = epoch;
    }
  }
  std::vector<CaseQuality> out(count);
  for (size_t c = 0; c < count; c++) out[c] = epochs[best[1 - halfOf(c)]][c];
  return out;
}

}  // namespace

LearnedRanker learnRanker(const ModelSet& before, const RankerLessons& lessons, const ModelSet& models,
                          const Cases& choosing, const RankerSearch& search, Control& control) {
  LearnedRanker learned;
  const Control quiet = control.quiet();
  const auto described = [&](const ModelSet& set, const Cases& cases) {
    return describeCases(set, cases, sampleCases(cases, kMostCases, kMostEvents, search.seed), models.excludeSeen,
                         search.candidates, kDepth, search.threads, quiet);
  };
  const auto teaching = [](const std::vector<RankerCase>& cases) {
    return static_cast<size_t>(
        std::count_if(cases.begin(), cases.end(), [](const RankerCase& one) { return !one.targets.empty(); }));
  };
  control.begin(learned.settings.epochs + 4);
  std::vector<RankerCase> cases = described(before, lessons.taught);
  std::vector<RankerCase> shown;
  if (lessons.shown && lessons.shown->count() > 0) {
    const ShownLists& lists = *lessons.shown;
    shown = describeLists(before, lists, sampleHistories(lists.histories, kMostLists, kMostEvents, search.seed),
                          models.excludeSeen, search.candidates, search.threads, quiet);
    if (teaching(shown) < kLeastTaught) shown.clear();
    learned.shown = static_cast<uint32_t>(teaching(shown));
  }
  cases.insert(cases.end(), shown.begin(), shown.end());
  control.advance(2);
  const std::vector<RankerCase> judges = described(models, choosing);
  control.advance(2);
  const std::vector<CaseQuality> plain = rankerQualities(nullptr, judges, search.threads, quiet);
  learned.without = learned.with = meanQuality(plain);
  if (teaching(cases) < kLeastTaught || judges.empty()) return learned;
  RankerTrainer trainer(cases, learned.settings, search.seed, search.threads, quiet);
  double best = -1;
  std::vector<std::vector<CaseQuality>> reached;  // by epoch
  std::shared_ptr<RankerModel> kept;
  const uint32_t most = learned.settings.epochs;
  for (uint32_t epoch = 1, since = 0; epoch <= most && since < kPatience; epoch++, since++) {
    control.check();
    control.learnt(trainer.epoch());
    const auto model = trainer.network();
    reached.push_back(rankerQualities(model.get(), judges, search.threads, quiet));
    const CaseQuality mean = meanQuality(reached.back());
    RankerSettings tried = learned.settings;
    tried.epochs = epoch;
    learned.trials.push_back({named(tried), mean.ndcg, mean.recall});
    control.found(mean.ndcg);
    control.advance(1);
    if (!(mean.ndcg > best)) continue;
    best = mean.ndcg;
    learned.settings.epochs = epoch;
    kept = model;
    since = 0;
  }
  const std::vector<CaseQuality> judged = crossed(reached);
  learned.with = meanQuality(judged);
  double squares = 0;
  for (size_t i = 0; i < judged.size(); i++) {
    const double off = judged[i].ndcg - plain[i].ndcg - (learned.with.ndcg - learned.without.ndcg);
    squares += off * off;
  }
  const double count = static_cast<double>(judged.size());
  learned.error = std::sqrt(squares / count / count);
  if (learned.with.ndcg - learned.without.ndcg > kClear * learned.error) {
    // Of what is shown, lists that were shown know best how much is taken.
    calibrate(*kept, shown.empty() ? cases : shown);
    learned.ranker = kept;
  }
  control.finish();
  return learned;
}

}  // namespace kairank

#include "trainer.h"

#include <algorithm>
#include <cmath>

#include "../../include/clock.h"
#include "../../include/random.h"
#include "../sampling.h"
#include "batches.h"
#include "step.h"
#include "validation.h"

namespace kairank {

namespace {

constexpr uint32_t kFullCatalogue = 4096;  // items; above, the loss is over a sample unless settings say otherwise
constexpr uint32_t kNegatives =
    2560;  // on validation .0700 NDCG@10 against .0681 with 1024, for half as much time again
constexpr uint32_t kGapBuckets = 32;
constexpr double kInitial = 0.02;   // standard deviation of the weights at the start
constexpr double kLastRate = 0.02;  // share of the rate that is left at the end
constexpr size_t kPlannedBatches = 8000;
constexpr size_t kFewestEpochs = 10;
constexpr double kMeasuredEpochs = 2;
constexpr size_t kMeasuredBatches = 16;
constexpr double kPlannedShare = 0.9;  // of a budget: the rest is for what an estimate misses
constexpr size_t kMostEpochs = 100;

std::vector<float> initialWeights(const SequenceConfig& config, const SequenceLayout& layout, uint64_t seed) {
  std::vector<float> weights(layout.size, 0.0f);
  Random random(seed);
  for (const SequenceTensor& tensor : layout.tensors) {
    const bool gain = tensor.name.size() >= 4 && tensor.name.compare(tensor.name.size() - 4, 4, "gain") == 0;
    const size_t count = tensor.rows * tensor.columns;
    if (gain) std::fill_n(weights.begin() + tensor.offset, count, 1.0f);
    const bool matrix = tensor.rows > 1 && tensor.columns != config.window;
    const double deviation = tensor.offset < layout.body ? kInitial : 1 / std::sqrt(2.0 * tensor.columns);
    for (size_t i = 0; i < count && matrix; i++) {
      weights[tensor.offset + i] = static_cast<float>(random.normal() * deviation);
    }
  }
  return weights;
}

SequenceConfig configOf(const Dataset& data, const SequenceSettings& settings) {
  SequenceConfig config;
  config.items = data.items;
  config.dim = settings.dim;
  config.blocks = settings.blocks;
  config.heads = settings.heads;
  config.hidden = settings.hidden;
  config.cosine = static_cast<float>(std::max(0.0, settings.cosine));
  config.pooled = settings.pooled > 0;
  config.window = settings.window > 0 ? settings.window : windowOf(data.train);
  config.gaps = settings.times && hasTimes(data.train) ? kGapBuckets : 0;
  config.kinds = kindsOf(data.train);
  checkConfig(config);
  return config;
}

/// 0: the whole catalogue. A sample as large as that is no saving.
uint32_t negativesOf(const SequenceSettings& settings, uint32_t items) {
  const uint32_t wanted = settings.negatives > 0 ? settings.negatives : items > kFullCatalogue ? kNegatives : 0;
  return wanted < items ? wanted : 0;
}

}  // namespace

std::vector<std::pair<std::string, double>> named(const SequenceSettings& settings) {
  return {{"dim", settings.dim},       {"blocks", settings.blocks}, {"heads", settings.heads},
          {"hidden", settings.hidden}, {"window", settings.window}, {"dropout", settings.dropout},
          {"rate", settings.rate},     {"decay", settings.decay},   {"smoothing", settings.smoothing},
          {"cosine", settings.cosine}, {"pooled", settings.pooled}, {"negatives", settings.negatives},
          {"batch", settings.batch},   {"epochs", settings.epochs}, {"until", settings.until}};
}

void checkSettings(const SequenceSettings& settings) {
  const auto within = [](double value, double least, double most) { return value >= least && value <= most; };
  if (!within(settings.dropout, 0, 0.95) || !within(settings.rate, 1e-8, 1) || !within(settings.decay, 0, 100) ||
      !within(settings.smoothing, 0, 0.9) || !within(settings.cosine, -1, 1000) || !within(settings.pooled, -1, 1) ||
      !(settings.clip > 0) || !within(settings.batch, 1, 1 << 20) || !within(settings.epochs, 0, 100000) ||
      !within(settings.until, 0, 100000) || !within(settings.negatives, 0, 1 << 24)) {
    throw Error(Status::invalidArgument,
                "sequence: dropout must be from 0 to 0.95, rate from 1e-8 to 1, decay from 0 to 100, smoothing from 0 "
                "to 0.9, cosine at most 1000, clip above 0, batch from 1 to 1048576, epochs and until at most 100000, "
                "negatives at most 16777216");
  }
}

struct SequenceTrainer::Run {
  Run(const Dataset& d, const SequenceSettings& s, const SequenceRun& how, Control& c)
      : data(d),
        settings(s),
        seed(how.seed),
        threads(std::max(1u, how.threads)),
        excludeSeen(how.excludeSeen),
        control(c),
        config(configOf(d, s)),
        layout(config),
        sequences(trainingSequences(d.train, config)),
        negatives(negativesOf(s, d.items)),
        step(config, layout, settings, sequences, negatives, threads, control),
        chosen(sampleCases(d.validation, s.cases, size_t{1} << 24, how.seed)),
        planned(s.epochs) {
    if (sequences.targetCount == 0) {
      throw Error(Status::invalidArgument, "sequence: no history has an event after another: nothing to learn from");
    }
    if (planned == 0) {
      const size_t batches = (sequences.targetCount + s.batch - 1) / s.batch;
      planned = static_cast<double>(std::clamp(kPlannedBatches / batches, kFewestEpochs, kMostEpochs));
    }
    state.weights = initialWeights(config, layout, seed);
    state.adam.first.assign(layout.size, 0.0f);
    state.adam.second.assign(layout.size, 0.0f);
  }

  /// Warms up over the first batches, then falls evenly with the epochs that are planned.
  double rate(double done) const {
    const double warm = std::min(1.0, static_cast<double>(state.steps + 1) / std::max(1u, settings.warmUp));
    const double left = 1 - std::min(1.0, done / planned);
    return settings.rate * warm * (kLastRate + (1 - kLastRate) * left);
  }

  /// After `batches` batches of an epoch: plans by the time they took, while that is news. False when time is over.
  bool timeLeft(double done, size_t batches) {
    if (!(budget > 0)) return true;
    const double elapsed = secondsSince(start);
    if (elapsed > budget) return false;
    const bool power = batches >= kMeasuredBatches && (batches & (batches - 1)) == 0;
    if (power && done - doneBefore < kMeasuredEpochs) {
      const double perEpoch = elapsed / (done - doneBefore);
      planned = std::min(planned, done + std::max(0.0, kPlannedShare * budget - elapsed) / perEpoch);
    }
    return true;
  }

  /// Keeps the best weights.
  void judge(const SequenceEpoch& epoch) {
    state.waited++;
    if (!chosen.empty() && !(epoch.ndcg > state.bestNdcg)) return;
    state.best = state.weights;
    state.bestNdcg = chosen.empty() ? state.bestNdcg : epoch.ndcg;
    state.bestRecall = epoch.recall;
    state.bestEpoch = state.epoch;
    state.waited = 0;
  }

  const Dataset& data;
  const SequenceSettings settings;
  const uint64_t seed;
  const uint32_t threads;
  const bool excludeSeen;
  Control& control;
  const SequenceConfig config;
  const SequenceLayout layout;
  const TrainingSequences sequences;
  const uint32_t negatives;
  SequenceStep step;
  const std::vector<uint32_t> chosen;
  double planned;  // epochs
  double budget = 0;
  double doneBefore = 0;  // epochs before the budget began
  Clock::time_point start;
  bool outOfTime = false;
  SequenceCheckpoint state;
  std::vector<BatchPart> parts;
};

SequenceTrainer::SequenceTrainer(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run,
                                 Control& control) {
  checkSettings(settings);
  run_ = std::make_unique<Run>(data, settings, run, control);
}

SequenceTrainer::~SequenceTrainer() = default;

void SequenceTrainer::within(double seconds) {
  run_->budget = seconds;
  run_->doneBefore = run_->state.epoch;
  run_->start = Clock::now();
}

SequenceEpoch SequenceTrainer::epoch() {
  Run& run = *run_;
  const Clock::time_point start = Clock::now();
  EpochBatches batches(run.sequences, run.settings.batch, seedOf(run.seed, run.state.epoch, 1));
  SequenceEpoch out;
  size_t used = 0;
  size_t targets = 0;
  size_t seen = 0;
  size_t count = 0;
  double done = run.state.epoch;
  const double products = run.step.products();
  while (done < run.planned && !run.outOfTime && batches.next(run.parts, used, targets)) {
    run.control.check();
    const uint64_t seed = seedOf(run.seed, run.state.epoch, 2 + seen);
    out.loss += run.step.run(run.parts, used, targets, run.rate(done), seed, run.state) * static_cast<double>(targets);
    seen += targets;
    done = run.state.epoch + static_cast<double>(seen) / static_cast<double>(run.sequences.targetCount);
    run.outOfTime = !run.timeLeft(done, ++count);
  }
  out.loss /= static_cast<double>(std::max<size_t>(1, seen));
  out.seconds = secondsSince(start);
  out.products = run.step.products() - products;
  run.state.epoch++;
  const CaseQuality quality = meanQuality(sequenceQualities(run.config, run.state.weights.data(), run.data.validation,
                                                            run.chosen, run.excludeSeen, run.threads, run.control));
  out.ndcg = quality.ndcg;
  out.recall = quality.recall;
  run.judge(out);
  return out;
}

bool SequenceTrainer::finished() const {
  const Run& run = *run_;
  const bool enough = run.settings.until > 0 && run.state.epoch >= run.settings.until;
  return enough || run.outOfTime || run.state.epoch >= run.planned || run.state.waited >= run.settings.patience;
}

bool SequenceTrainer::outOfTime() const { return run_->outOfTime; }

uint32_t SequenceTrainer::planned() const { return static_cast<uint32_t>(std::ceil(run_->planned)); }

const SequenceCheckpoint& SequenceTrainer::checkpoint() const { return run_->state; }

void SequenceTrainer::resume(SequenceCheckpoint checkpoint) {
  const size_t size = run_->layout.size;
  if (checkpoint.weights.size() != size || checkpoint.adam.first.size() != size ||
      checkpoint.adam.second.size() != size || (checkpoint.epoch > 0 && checkpoint.best.size() != size)) {
    throw Error(Status::invalidArgument, "sequence: the checkpoint is of another training");
  }
  run_->state = std::move(checkpoint);
}

std::vector<CaseQuality> SequenceTrainer::qualities() const {
  const Run& run = *run_;
  const std::vector<float>& weights = run.state.best.empty() ? run.state.weights : run.state.best;
  return sequenceQualities(run.config, weights.data(), run.data.validation, run.chosen, run.excludeSeen, run.threads,
                           run.control);
}

uint32_t SequenceTrainer::negatives() const { return run_->negatives; }

const SequenceConfig& SequenceTrainer::config() const { return run_->config; }

std::shared_ptr<const SequenceModel> SequenceTrainer::model() const {
  auto model = std::make_shared<SequenceModel>();
  model->config = run_->config;
  model->weights = run_->state.best.empty() ? run_->state.weights : run_->state.best;
  checkSequence(*model);
  return model;
}

}  // namespace kairank

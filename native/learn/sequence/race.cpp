#include "race.h"

#include <algorithm>
#include <string>
#include <utility>

#include "batches.h"
#include "checkpoint.h"

namespace kairank {

namespace {

constexpr double kCosine = 14;  // the scale that served every shop we know
// A racer trains one of so many epochs that are planned. In a fifth of them the pooled intent, which learns faster, won
// where half of them, and all, told the truth.
constexpr uint32_t kRaceShare = 2;
constexpr uint32_t kLeastRace = 3;    // epochs
constexpr double kRaceBudget = 0.5;   // of the budget, all racers together
constexpr double kLeastBudget = 60;   // seconds; a shorter budget is better spent on one training
constexpr double kMostBeyond = 0.02;  // histories beyond the window that are too few to ask for a wider one

class Race {
 public:
  Race(const Dataset& data, const SequenceSettings& first, const SequenceRun& run, uint32_t racers, Control& control)
      : data_(data), run_(run), control_(control), quiet_(control.quiet()), budget_(kRaceBudget * run.budget / racers) {
    out.settings = first;
    const uint32_t planned = SequenceTrainer(data, first, run, quiet_).planned();
    epochs_ = std::max(kLeastRace, planned / kRaceShare);
    control.begin(static_cast<double>(racers) * epochs_ + planned);
  }

  /// Trains shortly, or goes on where a run before was cut short; keeps the settings where they are better than the
  /// best so far: clearly, if they cost more.
  void enter(SequenceSettings settings, bool costsMore) {
    const SequenceSettings entered = settings;
    settings.epochs = epochs_;
    SequenceTrainer trainer(data_, settings, run_, quiet_);
    SequenceRun own = run_;
    if (!own.checkpoint.empty()) own.checkpoint += "." + std::to_string(out.trials.size());
    CheckpointFile file = checkpointFileOf(data_, settings, own);
    if (std::optional<SequenceCheckpoint> before = file.load()) trainer.resume(std::move(*before));
    trainer.within(budget_);
    const SequenceCheckpoint& state = trainer.checkpoint();
    uint32_t trained = 0;
    for (; !trainer.finished(); trained++) {
      control_.learnt(trainer.epoch().loss);
      control_.advance(1);
      if (!trainer.outOfTime()) file.offer(state);
    }
    file.end(state);
    control_.advance(epochs_ - std::min(epochs_, trained));
    out.epochs += epochs_;
    out.trials.push_back({named(settings), state.bestNdcg, state.bestRecall});
    control_.found(state.bestNdcg);
    const std::vector<CaseQuality> qualities = trainer.qualities();
    const bool first = reached_.empty();
    if (!first && !(costsMore ? clearlyBetter(qualities, reached_) : meanQuality(qualities).ndcg > best_)) return;
    reached_ = qualities;
    best_ = meanQuality(qualities).ndcg;
    out.settings = entered;
  }

  RaceResult out;

 private:
  const Dataset& data_;
  const SequenceRun& run_;
  Control& control_;
  Control quiet_;
  const double budget_;  // of a racer, seconds
  uint32_t epochs_ = 0;
  std::vector<CaseQuality> reached_;
  double best_ = 0;
};

bool startedBefore(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run) {
  return !run.checkpoint.empty() &&
         loadCheckpoint(run.checkpoint, trainingFingerprint(data, settings, run)).has_value();
}

}  // namespace

RaceResult race(const Dataset& data, const SequenceSettings& given, const SequenceRun& run, Control& control) {
  SequenceSettings first = given;
  first.cosine = std::max(0.0, given.cosine);
  first.pooled = std::max(0.0, given.pooled);
  const uint32_t covering = windowOf(data.train);
  if (given.window == 0) first.window = covering;
  const uint32_t wider = given.window == 0 ? widerWindow(data.train, covering, kMostBeyond) : 0;
  std::vector<double> cosines{first.cosine};
  std::vector<double> pools{first.pooled};
  std::vector<uint32_t> windows{first.window};
  if (given.cosine < 0) cosines.push_back(kCosine);
  if (given.pooled < 0) pools.push_back(1);
  if (wider > 0) windows.push_back(wider);
  const size_t racers = cosines.size() + pools.size() + windows.size() - 2;
  if (racers == 1 || data.validation.count() == 0) return {first, {}, 0};
  for (const double cosine : cosines) {
    for (const double pooled : pools) {
      for (const uint32_t window : windows) {
        SequenceSettings settings = first;
        settings.cosine = cosine;
        settings.pooled = pooled;
        settings.window = window;
        if (startedBefore(data, settings, run)) return {settings, {}, 0};
      }
    }
  }
  if (run.budget > 0 && run.budget < kLeastBudget) return {first, {}, 0};
  Race running(data, first, run, static_cast<uint32_t>(racers), control);
  running.enter(first, false);
  const auto challenge = [&](bool open, bool costsMore, const auto& change) {
    if (!open) return;
    SequenceSettings rival = running.out.settings;
    change(rival);
    running.enter(rival, costsMore);
  };
  challenge(cosines.size() > 1, false, [&](SequenceSettings& rival) { rival.cosine = kCosine; });
  challenge(pools.size() > 1, false, [&](SequenceSettings& rival) { rival.pooled = 1; });
  challenge(wider > 0, true, [&](SequenceSettings& rival) { rival.window = wider; });
  return running.out;
}

}  // namespace kairank

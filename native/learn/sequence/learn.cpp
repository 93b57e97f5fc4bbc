// Learning as `train` asks for it: the score chosen by a race, one whole training, its checkpoints.

#include <algorithm>
#include <cmath>
#include <iterator>

#include "../../include/clock.h"
#include "checkpoint.h"
#include "trainer.h"

namespace kairank {

namespace {

constexpr double kCosines[] = {0, 14};  // inner products, or cosines times the scale that served every shop we know
constexpr uint32_t kRaceShare = 5;      // a racer trains one of so many epochs that are planned
constexpr uint32_t kLeastRace = 3;      // epochs
constexpr double kRaceBudget = 0.15;    // of the budget, a racer
constexpr double kLeastBudget = 60;     // seconds; a shorter budget is better spent on one training

/// One whole training, from its checkpoint where there is one. `raced`: epochs that were trained to choose the
/// settings.
LearnedSequence train(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run, uint32_t raced,
                      Control& control) {
  const Clock::time_point start = Clock::now();
  LearnedSequence learned;
  SequenceReport& report = learned.report;
  SequenceTrainer trainer(data, settings, run, control);
  report.negatives = trainer.negatives();
  const uint64_t fingerprint = run.checkpoint.empty() ? 0 : trainingFingerprint(data, settings, run);
  if (!run.checkpoint.empty()) {
    if (std::optional<SequenceCheckpoint> before = loadCheckpoint(run.checkpoint, fingerprint)) {
      trainer.resume(std::move(*before));
      report.resumed = trainer.checkpoint().epoch;
    }
  }
  trainer.within(run.budget);
  control.begin(raced + trainer.planned());
  if (raced + report.resumed > 0) control.advance(raced + report.resumed);
  Clock::time_point saved = Clock::now();
  bool unsaved = false;
  const auto save = [&] {
    saveCheckpoint(run.checkpoint, fingerprint, trainer.checkpoint());
    saved = Clock::now();
    unsaved = false;
  };
  const auto tell = [&] {
    const SequenceCheckpoint& state = trainer.checkpoint();
    report.bestEpoch = state.bestEpoch;
    report.ndcg = std::max(0.0, state.bestNdcg);
    report.recall = state.bestRecall;
    report.seconds = secondsSince(start);
    report.outOfTime = trainer.outOfTime();
  };
  tell();
  while (!trainer.finished()) {
    report.epochs.push_back(trainer.epoch());
    tell();
    if (data.validation.count() > 0) control.found(report.ndcg);
    control.learnt(report.epochs.back().loss);
    control.advance(1);
    // An epoch that ended for want of time is not one that a later run could go on from.
    unsaved = !run.checkpoint.empty() && !report.outOfTime;
    if (unsaved && secondsSince(saved) >= run.saveEvery) save();
  }
  // The end is worth keeping where the way was long: what comes after it may be cut short, too.
  if (unsaved && report.seconds >= run.saveEvery) save();
  learned.settings = settings;
  learned.settings.window = trainer.config().window;
  learned.settings.negatives = report.negatives;
  learned.settings.epochs = trainer.planned();
  learned.settings.until = report.bestEpoch;
  learned.sequence = trainer.model();
  control.finish();
  return learned;
}

bool startedBefore(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run) {
  return !run.checkpoint.empty() &&
         loadCheckpoint(run.checkpoint, trainingFingerprint(data, settings, run)).has_value();
}

/// A short training of each kind of score, its rate falling as that of a long one does: the better one by validation.
double raceForCosine(const Dataset& data, SequenceSettings settings, const SequenceRun& run, Control& control,
                     std::vector<Trial>& trials, uint32_t& raced) {
  settings.cosine = kCosines[0];
  if (data.validation.count() == 0) return settings.cosine;
  for (const double cosine : kCosines) {
    settings.cosine = cosine;
    if (startedBefore(data, settings, run)) return cosine;
  }
  if (run.budget > 0 && run.budget < kLeastBudget) return kCosines[0];
  Control quiet = control.quiet();
  const uint32_t planned = SequenceTrainer(data, settings, run, quiet).planned();
  settings.epochs = std::max(kLeastRace, planned / kRaceShare);
  control.begin(static_cast<double>(std::size(kCosines)) * settings.epochs + planned);
  double best = kCosines[0];
  double reached = -1;
  for (const double cosine : kCosines) {
    settings.cosine = cosine;
    SequenceTrainer trainer(data, settings, run, quiet);
    trainer.within(kRaceBudget * run.budget);
    for (uint32_t epoch = 0; epoch < settings.epochs; epoch++) {
      if (!trainer.finished()) control.learnt(trainer.epoch().loss);
      control.advance(1);
      raced++;
    }
    const SequenceCheckpoint& state = trainer.checkpoint();
    trials.push_back({named(settings), state.bestNdcg, state.bestRecall});
    control.found(state.bestNdcg);
    if (!(state.bestNdcg > reached)) continue;
    reached = state.bestNdcg;
    best = cosine;
  }
  return best;
}

}  // namespace

LearnedSequence learnSequence(const Dataset& data, const SequenceSettings& given, const SequenceRun& run,
                              Control& control) {
  const Clock::time_point start = Clock::now();
  SequenceSettings settings = given;
  std::vector<Trial> trials;
  uint32_t raced = 0;
  if (settings.cosine < 0) settings.cosine = raceForCosine(data, settings, run, control, trials, raced);
  SequenceRun rest = run;
  if (run.budget > 0) rest.budget = std::max(1e-3, run.budget - secondsSince(start));
  LearnedSequence learned = train(data, settings, rest, raced, control);
  learned.trials = std::move(trials);
  return learned;
}

}  // namespace kairank

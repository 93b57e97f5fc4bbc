// Training the sequence model: what it learns, and that it can be repeated, stopped and taken up again.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "../../../native/include/status.h"
#include "../../../native/learn/sequence/batches.h"
#include "../../../native/learn/sequence/checkpoint.h"
#include "../../../native/learn/sequence/trainer.h"
#include "../../../native/learn/sequence/validation.h"
#include "../../../native/recall/intent.h"
#include "../check.h"
#include "shop.h"

using namespace kairank;

namespace {

/// Every shopper walks a ring of items, two steps at a time or one, and keeps to it.
Dataset walks(uint32_t items, uint32_t users, uint64_t seed) {
  Random random(seed);
  Histories all;
  all.offsets.push_back(0);
  for (uint32_t user = 0; user < users; user++) {
    const uint32_t step = 1 + static_cast<uint32_t>(random.below(2));
    uint32_t at = static_cast<uint32_t>(random.below(items));
    const size_t count = 4 + random.below(8);
    for (size_t i = 0; i < count; i++, at = (at + step) % items) all.events.push_back(event(at));
    all.offsets.push_back(all.events.size());
  }
  Dataset data;
  data.items = items;
  data.validation = casesOf(all);
  data.train = data.validation.histories;
  return data;
}

SequenceSettings smallSettings() {
  SequenceSettings settings;
  settings.dim = 16;
  settings.hidden = 16;
  settings.blocks = 2;
  settings.dropout = 0.1;
  settings.rate = 5e-3;
  settings.batch = 256;
  settings.warmUp = 10;
  settings.epochs = 4;
  settings.cosine = 0;
  settings.pooled = 0;
  settings.patience = 20;
  return settings;
}

SequenceRun runOf(uint64_t seed, uint32_t threads, double budget = 0) {
  SequenceRun run;
  run.seed = seed;
  run.threads = threads;
  run.budget = budget;
  return run;
}

std::vector<float> train(const Dataset& data, const SequenceSettings& settings, uint64_t seed, uint32_t threads) {
  Control control;
  return learnSequence(data, settings, runOf(seed, threads), control).sequence->weights;
}

bool isAborted(const Dataset& data, const SequenceSettings& settings, const SequenceRun& run, Control& control) {
  try {
    learnSequence(data, settings, run, control);
  } catch (const Error& error) {
    return error.status() == Status::aborted;
  }
  return false;
}

/// The next item follows from the last two, not from the last alone: order and distance must be learnt.
void checkLearns(uint32_t negatives, double cosine = 0) {
  const Dataset data = walks(60, 1500, 1);
  SequenceSettings settings = smallSettings();
  settings.epochs = 30;
  settings.negatives = negatives;
  settings.cosine = cosine;
  Control control;
  const SequenceReport report = learnSequence(data, settings, runOf(1, 2), control).report;
  CHECK_THAT(report.ndcg > 0.9, "NDCG@10 " << report.ndcg << " with " << negatives << " negatives");
  CHECK(report.negatives == negatives);
  CHECK(report.bestEpoch >= 1 && report.bestEpoch <= report.epochs.size());
  CHECK(report.epochs[report.bestEpoch - 1].ndcg == report.ndcg);
}

void checkPieces() {
  SequenceConfig config;
  config.items = 100;
  config.window = 10;
  Histories histories;
  histories.offsets.push_back(0);
  for (const size_t length : {0, 1, 2, 11, 12, 37}) {
    for (size_t i = 0; i < length; i++) histories.events.push_back(event(static_cast<uint32_t>(i)));
    histories.offsets.push_back(histories.events.size());
  }
  const TrainingSequences sequences = trainingSequences(histories, config);
  CHECK(sequences.targetCount == 0 + 0 + 1 + 10 + 11 + 36);
  std::vector<int> predicted(sequences.items.size(), 0);
  for (const TrainingSequences::Piece& piece : sequences.pieces) {
    CHECK(piece.end - piece.begin <= config.window && piece.begin <= piece.from && piece.from < piece.end);
    for (uint64_t p = piece.from; p < piece.end; p++) {
      predicted[p]++;
      CHECK(sequences.targets[p] == sequences.items[p] + 1);
      // The start of a history, or half a window, lies before what is predicted.
      CHECK(sequences.items[piece.begin] == 0 || p - piece.begin >= config.window / 2);
    }
  }
  for (size_t p = 0; p < predicted.size(); p++) CHECK(predicted[p] == (sequences.targets[p] != kNoRow));
}

/// Only positive events are predicted; those that speak against an item are seen, and what says nothing, or is of no
/// item, is passed over.
void checkTargets() {
  SequenceConfig config;
  config.items = 9;
  config.window = 50;
  Histories histories;
  histories.events = {event(1), event(2, 0), event(kNoRow), event(3), event(4, -1), event(5, 2), event(6, 0)};
  histories.offsets = {0, histories.events.size()};
  const TrainingSequences sequences = trainingSequences(histories, config);
  CHECK((sequences.items == std::vector<uint32_t>{1, 3, 4, 5}));
  CHECK((sequences.targets == std::vector<uint32_t>{3, 5, 5, kNoRow}));
  CHECK(sequences.targetCounts[3] == 1 && sequences.targetCounts[5] == 2 && sequences.targetCount == 3);
}

}  // namespace

int main() {
  check::test("pieces of long histories", checkPieces);
  check::test("targets", checkTargets);
  check::test("learns an order, full softmax", [] { checkLearns(0); });
  check::test("learns an order, sampled softmax", [] { checkLearns(20); });
  check::test("a sample of the whole catalogue is the whole catalogue", [] {
    const Dataset data = walks(50, 200, 5);
    SequenceSettings settings = smallSettings();
    const std::vector<float> full = train(data, settings, 1, 1);
    settings.negatives = 50;
    CHECK(train(data, settings, 1, 1) == full);
  });
  check::test("reports loss and quality as it goes", [] {
    const Dataset data = walks(50, 200, 6);
    std::vector<Progress> reports;
    Control control(nullptr, [&](const Progress& progress) { reports.push_back(progress); });
    const SequenceReport report = learnSequence(data, smallSettings(), runOf(1, 1), control).report;
    CHECK(reports.size() == 5);  // four epochs, and the end
    for (size_t i = 0; i < 4 && i < reports.size(); i++) {
      CHECK(reports[i].done == static_cast<double>(i + 1) && reports[i].total == 4);
      CHECK(reports[i].loss == report.epochs[i].loss);
    }
    CHECK(reports.back().ndcg == report.ndcg);
  });
  check::test("one seed, one result, whatever the threads", [] {
    const Dataset data = walks(700, 400, 2);
    for (const uint32_t negatives : {0u, 50u}) {
      SequenceSettings settings = smallSettings();
      settings.negatives = negatives;
      const std::vector<float> one = train(data, settings, 1, 1);
      CHECK(train(data, settings, 1, 2) == one);
      CHECK(train(data, settings, 1, 3) == one);
      CHECK(train(data, settings, 2, 2) != one);
    }
  });
  check::test("goes on from a checkpoint as if it had not stopped", [] {
    const Dataset data = walks(50, 300, 3);
    const SequenceSettings settings = smallSettings();
    Control control;
    SequenceTrainer straight(data, settings, runOf(1, 2), control);
    for (int epoch = 0; epoch < 4; epoch++) straight.epoch();
    SequenceTrainer first(data, settings, runOf(1, 1), control);
    for (int epoch = 0; epoch < 2; epoch++) first.epoch();
    SequenceTrainer second(data, settings, runOf(1, 3), control);
    second.resume(first.checkpoint());
    while (!second.finished()) second.epoch();
    CHECK(second.checkpoint().weights == straight.checkpoint().weights);
    CHECK(second.model()->weights == straight.model()->weights);
    SequenceCheckpoint wrong = first.checkpoint();
    wrong.weights.pop_back();
    bool refused = false;
    try {
      second.resume(wrong);
    } catch (const Error& error) {
      refused = error.status() == Status::invalidArgument;
    }
    CHECK(refused);
  });
  check::test("goes on from a file, of the same training alone", [] {
    const Dataset data = walks(50, 300, 3);
    SequenceSettings settings = smallSettings();
    settings.window = windowOf(data.train);
    Control control;
    SequenceTrainer trainer(data, settings, runOf(1, 2), control);
    trainer.epoch();
    const std::string path = "sequence_training.checkpoint";
    const uint64_t print = trainingFingerprint(data, settings, runOf(1, 2));
    saveCheckpoint(path, print, trainer.checkpoint());
    const auto loaded = loadCheckpoint(path, print);
    CHECK(loaded && loaded->weights == trainer.checkpoint().weights && loaded->epoch == 1);
    CHECK(loaded && loaded->adam.second == trainer.checkpoint().adam.second && loaded->best == loaded->weights);
    SequenceRun run = runOf(1, 1);
    run.checkpoint = path;
    const LearnedSequence resumed = learnSequence(data, settings, run, control);
    CHECK(resumed.report.resumed == 1 && resumed.report.epochs.size() == 3);
    CHECK(resumed.sequence->weights == train(data, settings, 1, 2));

    SequenceSettings other = settings;
    other.dropout = 0.25;
    Dataset grown = data;
    grown.train.events.back().at += 1;
    CHECK(!loadCheckpoint(path, trainingFingerprint(data, settings, runOf(2, 2))));
    CHECK(!loadCheckpoint(path, trainingFingerprint(data, other, runOf(1, 2))));
    CHECK(!loadCheckpoint(path, trainingFingerprint(grown, settings, runOf(1, 2))));
    CHECK(!loadCheckpoint("no such file", print));
    // One bit anywhere, or an end too early: not this training's.
    std::ifstream in(path, std::ios::binary);
    std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const auto write = [&](const std::vector<char>& altered) {
      std::ofstream out(path, std::ios::binary | std::ios::trunc);
      out.write(altered.data(), static_cast<std::streamsize>(altered.size()));
    };
    Random random(9);
    for (int i = 0; i < 200; i++) {
      std::vector<char> altered = bytes;
      const size_t at = i < 100 ? random.below(96) : random.below(bytes.size());
      altered[at] = static_cast<char>(altered[at] ^ (1 << random.below(8)));
      write(altered);
      CHECK_THAT(!loadCheckpoint(path, print), "bit at byte " << at);
    }
    for (const size_t size : {size_t{0}, size_t{50}, bytes.size() - 1}) {
      write({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
      CHECK(!loadCheckpoint(path, print));
    }
    std::remove(path.c_str());
  });
  check::test("a training that was cut short is taken up where it was saved", [] {
    const Dataset data = walks(200, 800, 8);
    SequenceSettings settings = smallSettings();
    settings.epochs = 6;
    SequenceRun run = runOf(1, 2);
    run.checkpoint = "sequence_training.cut";
    run.saveEvery = 0;
    int epochs = 0;
    Control cut([&] { return epochs >= 3; }, [&](const Progress&) { epochs++; });
    CHECK(isAborted(data, settings, run, cut));
    Control control;
    const LearnedSequence resumed = learnSequence(data, settings, run, control);
    CHECK_THAT(resumed.report.resumed >= 2 && resumed.report.resumed <= 3, "resumed " << resumed.report.resumed);
    CHECK(resumed.report.resumed + resumed.report.epochs.size() == 6);
    CHECK(resumed.sequence->weights == train(data, settings, 1, 2));
    // The end is kept, too: nothing is trained again.
    const LearnedSequence again = learnSequence(data, settings, run, control);
    CHECK(again.report.resumed == 6 && again.report.epochs.empty());
    CHECK(again.sequence->weights == resumed.sequence->weights && again.report.ndcg == resumed.report.ndcg);
    std::remove(run.checkpoint.c_str());
  });
  check::test("by cosines, too, and what serves ranks as validation does", [] {
    checkLearns(0, 10);
    checkLearns(40, 10);
    const Dataset data = walks(60, 300, 4);
    SequenceSettings settings = smallSettings();
    settings.cosine = 10;
    Control control;
    const LearnedSequence learned = learnSequence(data, settings, runOf(1, 2), control);
    const IntentEncoder encoder(learned.sequence);
    IntentScratch scratch;
    std::vector<float> intent(16);
    double sum = 0;
    for (uint32_t c = 0; c < data.validation.count(); c++) {
      const HistoryEvent* events = data.validation.histories.events.data() + data.validation.histories.offsets[c];
      const size_t count = data.validation.histories.offsets[c + 1] - data.validation.histories.offsets[c];
      encoder.encode(events, count, scratch, intent.data());
      double squares = 0;
      for (const float value : intent) squares += double{value} * value;
      CHECK(std::fabs(std::sqrt(squares) - 10) < 1e-3);
      std::vector<double> scores(60, 0.0);
      for (uint32_t row = 0; row < 60; row++) {
        for (uint32_t d = 0; d < 16; d++) scores[row] += double{intent[d]} * encoder.item(row)[d];
        CHECK(std::fabs(scores[row]) < 10.001);
      }
      for (size_t e = 0; e < count; e++) scores[events[e].row] = -INFINITY;
      const uint32_t target = data.validation.targets[c];
      const auto rank = std::count_if(scores.begin(), scores.end(), [&](double s) { return s > scores[target]; });
      if (rank < 10 && scores[target] > -INFINITY) sum += 1 / std::log2(2.0 + static_cast<double>(rank));
    }
    CHECK_THAT(std::fabs(sum / data.validation.count() - learned.report.ndcg) < 2e-3,
               "served " << sum / data.validation.count() << ", validated " << learned.report.ndcg);
  });
  check::test("what is open is a race that validation decides", [] {
    const Dataset data = walks(60, 400, 4);
    SequenceSettings settings = smallSettings();
    settings.cosine = settings.pooled = -1;
    settings.epochs = 10;
    Control control;
    const LearnedSequence learned = learnSequence(data, settings, runOf(1, 2), control);
    CHECK(learned.trials.size() == 3);
    const auto valueOf = [](const Trial& trial, const std::string& name) {
      for (const auto& [key, value] : trial.settings) {
        if (key == name) return value;
      }
      return -1.0;
    };
    const bool cosine = learned.trials[1].ndcg > learned.trials[0].ndcg;
    const double before = learned.trials[cosine ? 1 : 0].ndcg;
    const bool pooled = learned.trials[2].ndcg > before;
    CHECK((valueOf(learned.trials[2], "cosine") > 0) == cosine && valueOf(learned.trials[2], "pooled") == 1);
    CHECK((learned.settings.cosine > 0) == cosine && (learned.settings.pooled > 0) == pooled);
    // Every racer is a training by itself.
    SequenceSettings alone = smallSettings();
    alone.epochs = 5;
    Control other;
    CHECK(learnSequence(data, alone, runOf(1, 1), other).report.ndcg == learned.trials[0].ndcg);
    CHECK(train(data, learned.settings, 1, 1) == learned.sequence->weights);
  });
  check::test("a race that was cut short goes on where it was", [] {
    const Dataset data = walks(60, 400, 4);
    SequenceSettings settings = smallSettings();
    settings.cosine = settings.pooled = -1;
    settings.epochs = 10;
    Control whole;
    const LearnedSequence uncut = learnSequence(data, settings, runOf(1, 2), whole);
    SequenceRun run = runOf(1, 2);
    run.checkpoint = "sequence_training.race";
    run.saveEvery = 0;
    int before = 0;
    Control cut([&] { return before >= 9; }, [&](const Progress&) { before++; });
    CHECK(isAborted(data, settings, run, cut));
    SequenceSettings second = smallSettings();
    second.window = windowOf(data.train);
    second.epochs = 5;
    const auto first = loadCheckpoint(run.checkpoint + ".0", trainingFingerprint(data, second, run));
    CHECK(first && first->epoch == 5);
    Control control;
    const LearnedSequence resumed = learnSequence(data, settings, run, control);
    CHECK(resumed.sequence->weights == uncut.sequence->weights);
    for (size_t i = 0; i < 3; i++) CHECK(resumed.trials[i].ndcg == uncut.trials[i].ndcg);
    for (const char* end : {"", ".0", ".1", ".2"}) std::remove((run.checkpoint + end).c_str());
  });
  check::test("a wider window is raced where histories are longer, and no other", [] {
    Histories histories;
    histories.offsets.push_back(0);
    const auto add = [&](size_t users, size_t length) {
      for (size_t user = 0; user < users; user++) {
        for (size_t i = 0; i < length; i++) histories.events.push_back(event(static_cast<uint32_t>(i % 7)));
        histories.offsets.push_back(histories.events.size());
      }
    };
    add(95, 5);
    add(5, 60);
    CHECK(windowOf(histories) == 50 && widerWindow(histories, 50, 0.02) == 100);
    CHECK(widerWindow(histories, 50, 0.06) == 0 && widerWindow(histories, 100, 0.02) == 0);
    CHECK(widerWindow(histories, 200, 0) == 0);
    add(20, 90);
    CHECK(windowOf(histories) == 100);
    Dataset data;
    data.items = 7;
    data.validation = casesOf(histories);
    data.train = data.validation.histories;
    SequenceSettings settings = smallSettings();
    settings.epochs = 3;
    Control control;
    CHECK(learnSequence(data, settings, runOf(1, 2), control).trials.empty());
    add(4, 150);
    data.validation = casesOf(histories);
    data.train = data.validation.histories;
    const LearnedSequence learned = learnSequence(data, settings, runOf(1, 2), control);
    CHECK(learned.trials.size() == 2);
    CHECK(learned.settings.window == learned.sequence->config.window);
    CHECK(learned.settings.window == 100 || learned.settings.window == 200);
  });
  check::test("the settings that come back train as many epochs again", [] {
    const Dataset data = walks(60, 600, 5);
    SequenceSettings settings = smallSettings();
    settings.epochs = 12;
    Control control;
    const LearnedSequence learned = learnSequence(data, settings, runOf(1, 2), control);
    CHECK(learned.settings.until == learned.report.bestEpoch && learned.settings.epochs == 12);
    Dataset all = data;
    all.validation = Cases{};
    all.validation.histories.offsets = {0};
    all.validation.targetOffsets = {0};
    const LearnedSequence again = learnSequence(all, learned.settings, runOf(1, 2), control);
    CHECK(again.report.epochs.size() == learned.report.bestEpoch);
    CHECK(again.sequence->weights == learned.sequence->weights);
  });
  check::test("cancelled", [] {
    const Dataset data = walks(500, 2000, 4);
    std::atomic<int> asked{0};
    Control control([&] { return ++asked > 200; }, nullptr);
    CHECK(isAborted(data, smallSettings(), runOf(1, 2), control));
  });
  check::test("out of time: what was learnt so far", [] {
    const Dataset data = walks(500, 2000, 4);
    Control control;
    const LearnedSequence learned = learnSequence(data, smallSettings(), runOf(1, 2, 1e-9), control);
    CHECK(learned.report.outOfTime && learned.report.epochs.size() == 1);
    CHECK(learned.sequence->weights.size() == SequenceLayout(learned.sequence->config).size);
  });
  check::test("shops with nothing to learn from", [] {
    for (const int kind : {0, 1, 2}) {
      Dataset data;
      data.items = 3;
      data.train.offsets = {0};
      if (kind == 1) data.train = {{0, 1}, {event(1)}};
      if (kind == 2) data.train = {{0, 2}, {event(kNoRow), event(1, -1)}};
      bool refused = false;
      try {
        train(data, smallSettings(), 1, 1);
      } catch (const Error& error) {
        refused = error.status() == Status::invalidArgument;
      }
      CHECK(refused);
    }
  });
  check::test("a shop of one item, and one without validation", [] {
    Dataset data;
    data.items = 1;
    data.train = {{0, 3}, {event(0), event(0), event(0)}};
    for (const float weight : train(data, smallSettings(), 1, 2)) CHECK(std::isfinite(weight));
  });
  return check::finish();
}

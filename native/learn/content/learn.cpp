#include "learn.h"

#include <algorithm>

#include "../../dispatch/dispatch.h"
#include "../../include/parallel.h"
#include "../../include/random.h"
#include "../metrics.h"

namespace kairank {

namespace {

constexpr uint32_t kMostEpochs = 4;
constexpr size_t kWithheldShare = 10;  // one in so many items is withheld
constexpr size_t kMostCases = 10000;
constexpr size_t kCaseChunk = 32;

/// A tenth of the items that anybody had, drawn by seed.
std::vector<uint32_t> drawItems(const Positives& positives, uint64_t seed) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < positives.itemCount(); row++) {
    if (positives.itemOffsets[row] != positives.itemOffsets[row + 1]) rows.push_back(row);
  }
  Random random(seed ^ 0xC01Du);
  shuffle(rows, random);
  rows.resize(rows.size() / kWithheldShare);
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// Each shopper's first withheld item, after what they had before it.
Cases firstNewItems(const Histories& histories, const std::vector<uint8_t>& withheld) {
  Cases cases;
  cases.histories.offsets.push_back(0);
  cases.targetOffsets.push_back(0);
  for (uint32_t user = 0; user < histories.users() && cases.targets.size() < kMostCases; user++) {
    uint64_t at = histories.offsets[user];
    const uint64_t end = histories.offsets[user + 1];
    while (at < end && !(positive(histories.events[at]) && withheld[histories.events[at].row])) at++;
    if (at == end || at == histories.offsets[user]) continue;
    cases.histories.events.insert(cases.histories.events.end(), histories.events.begin() + histories.offsets[user],
                                  histories.events.begin() + at);
    cases.histories.offsets.push_back(cases.histories.events.size());
    cases.targets.push_back(histories.events[at].row);
    cases.targetOffsets.push_back(cases.targets.size());
  }
  return cases;
}

Trial trialOf(TowerSettings settings, uint32_t epoch, const std::vector<CaseQuality>& qualities) {
  settings.epochs = epoch;
  const CaseQuality mean = meanQuality(qualities);
  return {named(settings), mean.ndcg, mean.recall};
}

}  // namespace

std::vector<CaseQuality> newItemQualities(const ContentModel& model, const Cases& cases,
                                          const std::vector<uint32_t>& newRows, uint32_t threads,
                                          const Control& control) {
  const size_t dim = model.dim;
  std::vector<uint32_t> told;  // those that something is known of
  std::vector<float> rows;
  for (uint32_t row : newRows) {
    const float* vector = model.vectors.data() + row * dim;
    if (std::all_of(vector, vector + dim, [](float value) { return value == 0; })) continue;
    told.push_back(row);
    rows.insert(rows.end(), vector, vector + dim);
  }
  std::vector<CaseQuality> qualities(cases.count());
  parallelFor(threads, cases.count(), kCaseChunk, control, [&](size_t, size_t begin, size_t end) {
    ContentScratch scratch;
    std::vector<float> wanted(dim);
    std::vector<float> scores(told.size());
    std::vector<TargetRank> ranks;
    for (size_t c = begin; c < end; c++) {
      const HistoryEvent* events = cases.histories.events.data() + cases.histories.offsets[c];
      const bool known = shopperContent(
          model, nullptr, events, cases.histories.offsets[c + 1] - cases.histories.offsets[c], scratch, wanted.data());
      if (known) kernels().dotF32(wanted.data(), rows.data(), dim, told.size(), dim, scores.data());
      ranks.clear();
      for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
        const auto at = std::lower_bound(told.begin(), told.end(), cases.targets[t]);
        const bool recalled = known && at != told.end() && *at == cases.targets[t];
        ranks.push_back(recalled
                            ? rankAmong(scores.data(), scores.size(), scores[static_cast<size_t>(at - told.begin())])
                            : TargetRank{});
      }
      qualities[c] = qualityOf(ranks.data(), ranks.size());
    }
  });
  return qualities;
}

LearnedContent learnContent(const Dataset& data, const ContentFeatures& content, const ContentSearch& search,
                            Control& control) {
  LearnedContent learned;
  const Positives positives = positivesOf(data.train, data.items);
  const bool given = !search.newRows.empty();
  const std::vector<uint32_t> rows = given ? search.newRows : drawItems(positives, search.seed);
  std::vector<uint8_t> withheld(data.items, 0);
  for (uint32_t row : rows) withheld[row] = 1;
  const Cases drawn = given ? Cases{} : firstNewItems(data.train, withheld);
  const Cases& cases = given ? data.validation : drawn;
  const TowerSettings settings;
  const Control quiet = control.quiet();
  TowerTrainer trainer(content, positives, withheld, settings, search.seed, search.threads, quiet);
  if (cases.count() == 0 || !trainer.possible()) {
    control.begin(settings.epochs);
    learned.content = fitContent(data, content, settings, search.seed, search.threads, control);
    control.finish();
    return learned;
  }
  control.begin(given ? kMostEpochs : 2 * kMostEpochs);
  double best = -1;
  for (uint32_t epoch = 1; epoch <= kMostEpochs; epoch++) {
    control.check();
    const double loss = trainer.epoch();
    const auto model = trainer.model();
    const Trial trial = trialOf(settings, epoch, newItemQualities(*model, cases, rows, search.threads, quiet));
    learned.trials.push_back(trial);
    control.learnt(loss);
    control.found(trial.ndcg);
    control.advance(1);
    if (trial.ndcg <= best) break;
    best = trial.ndcg;
    learned.settings.epochs = epoch;
    learned.content = model;
  }
  if (!given) learned.content = fitContent(data, content, learned.settings, search.seed, search.threads, control);
  control.finish();
  return learned;
}

std::shared_ptr<const ContentModel> fitContent(const Dataset& data, const ContentFeatures& content,
                                               const TowerSettings& settings, uint64_t seed, uint32_t threads,
                                               Control& control) {
  const Positives positives = positivesOf(data.train, data.items);
  const Control quiet = control.quiet();
  TowerTrainer trainer(content, positives, {}, settings, seed, threads, quiet);
  if (!trainer.possible()) return nullptr;
  for (uint32_t epoch = 0; epoch < settings.epochs; epoch++) {
    control.learnt(trainer.epoch());
    control.advance(1);
  }
  return trainer.model();
}

}  // namespace kairank

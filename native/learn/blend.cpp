#include "blend.h"

#include <algorithm>
#include <cmath>

#include "../state/votes.h"
#include "blend_fit.h"
#include "sampling.h"

namespace kairank {

namespace {

constexpr size_t kBlendCases = 5000;
constexpr size_t kBlendEvents = 400000;  // history events of them
constexpr size_t kAttentionCases = 1500;
constexpr uint32_t kFoldBlocks =
    16;  // runs of cases that take turns in coming into one fold and the other, at the least
constexpr uint32_t kMostFoldBlock = 64;  // cases of a run
constexpr float kScales[] = {2, 4, 8, 16};
constexpr float kDecays[] = {0.3f, 0.5f, 0.7f, 0.9f};
constexpr float kHalfLives[] = {7, 30, 90, 365};  // days
constexpr float kReturnings[] = {0.5f, 1};        // powers of an item's returns, beside none at all
constexpr float kTieBreak = 1e-3f;  // popularity's least weight: it decides between items that nothing else tells apart
const char* const kNames[kSources] = {"rules",    "factors",  "attention", "popularity",
                                      "sequence", "sessions", "content",   "repeats"};

constexpr size_t indexOf(Source source) { return static_cast<size_t>(source); }

SourceSet sourcesOf(const ModelSet& models, bool excludeSeen) {
  SourceSet sources = sourceBit(Source::popularity);
  if (models.rules) sources |= sourceBit(Source::rules);
  if (models.factors) sources |= sourceBit(Source::factors) | sourceBit(Source::attention);
  if (models.intents) sources |= sourceBit(Source::sequence);
  if (models.sessions) sources |= sourceBit(Source::sessions);
  if (models.content) sources |= sourceBit(Source::content);
  if (!excludeSeen) sources |= sourceBit(Source::repeats);
  return sources;
}

/// What validation chose on the public shops we know, rounded, for a shop that has nothing to choose by.
Blend defaultBlend(SourceSet sources) {
  Blend blend;
  blend.weight = {0.5f, 0.4f, 0.4f, 0.05f, 0.8f, 0.2f, 0.2f, 0.3f};
  blend.missing = {0.6f, 0, 0, 0, 0, 0, 0, 0};
  for (size_t s = 0; s < kSources; s++) {
    if (!((sources >> s) & 1)) blend.weight[s] = blend.missing[s] = 0;
  }
  return blend;
}

bool targetsRepeat(const Cases& cases) {
  for (uint32_t c = 0; c < cases.count(); c++) {
    for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
      for (uint64_t e = cases.histories.offsets[c]; e < cases.histories.offsets[c + 1]; e++) {
        const HistoryEvent& event = cases.histories.events[e];
        if (positive(event) && event.row == cases.targets[t]) return true;
      }
    }
  }
  return false;
}

class Search {
 public:
  Search(const ModelSet& models, const Cases& cases, bool excludeSeen, const BlendOptions& options, Control& control)
      : models_(models),
        cases_(cases),
        excludeSeen_(excludeSeen),
        options_(options),
        control_(control),
        chosen_(sampleCases(cases, kBlendCases, kBlendEvents, options.seed)) {}

  /// Units of progress that one search takes at most.
  static constexpr double kUnits = 58;

  void run() {
    if (!excludeSeen_) chooseRepeats();
    if (models_.factors) chooseAttention();
    std::vector<BlendCase> table = gather(chosen_);
    attendCases(models_, attention, cases_, chosen_, table, options_.threads, control_);
    features_ = featuresOf(table, options_.threads, control_);
    // Cases of one user, which lie side by side, mostly come into one fold.
    const uint32_t block = std::clamp(cases_.count() / kFoldBlocks, 1u, kMostFoldBlock);
    for (uint32_t i = 0; i < features_.size(); i++) folds_[(chosen_[i] / block) & 1].push_back(i);
    chooseSources();
    blend = refineBlend(features_, both(), fitBlend(features_, both(), sources_, options_.threads, control_),
                        options_.threads, control_);
  }

  AttentionModel attention;
  Blend blend;
  double ndcg = -1;  // over two folds
  std::vector<Trial> trials;

 private:
  using Qualities = std::vector<CaseQuality>;

  std::vector<BlendCase> gather(const std::vector<uint32_t>& chosen) const {
    return gatherCases(models_, cases_, chosen, excludeSeen_, options_.candidates, options_.threads, control_);
  }

  std::vector<uint32_t> both() const {
    std::vector<uint32_t> all = folds_[0];
    all.insert(all.end(), folds_[1].begin(), folds_[1].end());
    return all;
  }

  /// The half-life that ranks the candidates best by repeats alone, and then the power of the items' returns.
  void chooseRepeats() {
    const std::vector<uint32_t> some = sampleCases(cases_, kAttentionCases, kBlendEvents, options_.seed);
    std::vector<uint32_t> all(some.size());
    for (uint32_t i = 0; i < all.size(); i++) all[i] = i;
    Blend alone;
    alone.weight[indexOf(Source::repeats)] = 1;
    alone.missing[indexOf(Source::repeats)] = 100;
    double reached = -1;
    const auto better = [&](const char* name, float value) {
      const auto features = featuresOf(gather(some), options_.threads, control_);
      const CaseQuality quality = meanQuality(blendQualities(features, all, alone, options_.threads, control_));
      trials.push_back({{{"excludeSeen", excludeSeen_}, {name, value}}, quality.ndcg, quality.recall});
      control_.advance(1);
      if (!(quality.ndcg > reached)) return false;
      reached = quality.ndcg;
      return true;
    };
    float best = models_.attention.halfLife;
    for (float halfLife : kHalfLives) {
      models_.attention.halfLife = halfLife;
      if (better("halfLife", halfLife)) best = halfLife;
    }
    models_.attention.halfLife = best;
    best = 0;
    for (float power : kReturnings) {
      if (models_.counts->returns.empty()) break;
      setReturning(models_, power);
      if (better("returning", power)) best = power;
    }
    setReturning(models_, best);
    attention = models_.attention;
  }

  /// The setting that ranks the candidates best by attention alone.
  void chooseAttention() {
    const std::vector<uint32_t> some = sampleCases(cases_, kAttentionCases, kBlendEvents, options_.seed);
    std::vector<BlendCase> table = gather(some);
    std::vector<uint32_t> all(some.size());
    for (uint32_t i = 0; i < all.size(); i++) all[i] = i;
    Blend alone;
    alone.weight[indexOf(Source::attention)] = 1;
    alone.missing[indexOf(Source::attention)] = 100;
    double reached = -1;
    for (float scale : kScales) {
      for (float decay : kDecays) {
        AttentionModel tried = models_.attention;
        tried.scale = scale;
        tried.decay = decay;
        attendCases(models_, tried, cases_, some, table, options_.threads, control_);
        const auto features = featuresOf(table, options_.threads, control_);
        const CaseQuality quality = meanQuality(blendQualities(features, all, alone, options_.threads, control_));
        trials.push_back({{{"excludeSeen", excludeSeen_}, {"attentionScale", scale}, {"attentionDecay", decay}},
                          quality.ndcg,
                          quality.recall});
        control_.advance(1);
        if (!(quality.ndcg > reached)) continue;
        reached = quality.ndcg;
        attention = tried;
      }
    }
  }

  /// Every case judged by the blend that the other fold taught.
  Qualities judge(SourceSet sources) {
    Qualities out;
    for (int fold = 0; fold < 2; fold++) {
      const std::vector<uint32_t>& taught = folds_[1 - fold].empty() ? folds_[fold] : folds_[1 - fold];
      const Blend fitted = fitBlend(features_, taught, sources, options_.threads, control_);
      const Blend refined = refineBlend(features_, taught, fitted, options_.threads, control_);
      const Qualities part = blendQualities(features_, folds_[fold], refined, options_.threads, control_);
      out.insert(out.end(), part.begin(), part.end());
    }
    const CaseQuality mean = meanQuality(out);
    Trial trial;
    trial.settings.push_back({"excludeSeen", excludeSeen_});
    for (size_t s = 0; s < kSources; s++) trial.settings.push_back({kNames[s], (sources >> s) & 1});
    trial.ndcg = mean.ndcg;
    trial.recall = mean.recall;
    trials.push_back(std::move(trial));
    control_.advance(1);
    return out;
  }

  void chooseSources() {
    Qualities reached;
    for (;;) {
      SourceSet best = sources_;
      Qualities qualities;
      for (size_t s = 0; s < kSources; s++) {
        const SourceSet tried = sources_ | (1u << s);
        if (tried == sources_ || !((sourcesOf(models_, excludeSeen_) >> s) & 1)) continue;
        Qualities found = judge(tried);
        if (best != sources_ && !(meanQuality(found).ndcg > meanQuality(qualities).ndcg)) continue;
        best = tried;
        qualities = std::move(found);
      }
      if (best == sources_ || (sources_ != 0 && !clearlyBetter(qualities, reached))) return;
      sources_ = best;
      reached = std::move(qualities);
      ndcg = meanQuality(reached).ndcg;
      control_.found(ndcg);
    }
  }

  ModelSet models_;
  const Cases& cases_;
  const bool excludeSeen_;
  const BlendOptions& options_;
  Control& control_;
  const std::vector<uint32_t> chosen_;
  std::vector<BlendFeatures> features_;
  std::vector<uint32_t> folds_[2];
  SourceSet sources_ = 0;
};

}  // namespace

LearnedBlend learnBlend(const Dataset& data, ModelParts parts, const BlendOptions& options, Control& control) {
  parts.attention = AttentionModel{};
  parts.blend = Blend{};
  const std::shared_ptr<const ModelSet> models = makeModels(parts);
  if (models->items != data.items) {
    throw Error(Status::invalidArgument, "popularity: expected one count for each item of the data set");
  }
  parts.excludeSeen = options.excludeSeen.value_or(true);
  parts.blend = defaultBlend(sourcesOf(*models, parts.excludeSeen));
  std::vector<Trial> trials;
  std::vector<bool> tried;
  if (data.validation.count() > 0) {
    // Where nothing is ever chosen twice, hiding what was seen can only help.
    tried.push_back(parts.excludeSeen);
    if (!options.excludeSeen && targetsRepeat(data.validation)) tried.push_back(false);
  }
  control.begin(Search::kUnits * std::max<size_t>(1, tried.size()));
  double reached = -1;
  for (bool exclude : tried) {
    Search search(*models, data.validation, exclude, options, control);
    search.run();
    trials.insert(trials.end(), search.trials.begin(), search.trials.end());
    if (!(search.ndcg > reached)) continue;
    reached = search.ndcg;
    parts.attention = search.attention;
    parts.blend = search.blend;
    parts.excludeSeen = exclude;
  }
  // What adds nothing costs nothing either: these are the dearest to keep and to ask.
  const auto idle = [&](Source source) {
    return parts.blend.weight[indexOf(source)] == 0 && parts.blend.missing[indexOf(source)] == 0;
  };
  if (idle(Source::sequence)) parts.sequence = nullptr;
  if (idle(Source::sessions)) parts.sessions = nullptr;
  // New items have content alone to be told apart by.
  for (Source source : {Source::popularity, Source::content}) {
    if (source == Source::content && !parts.content) continue;
    float& least = parts.blend.weight[indexOf(source)];
    least = std::max(least, kTieBreak);
  }
  control.finish();
  return {makeModels(std::move(parts)), std::move(trials)};
}

}  // namespace kairank

// Choosing the settings of the rules: coordinate search over small grids.

#include <algorithm>
#include <optional>
#include <set>

#include "grid_search.h"
#include "rank_cases.h"
#include "rules.h"
#include "sampling.h"

namespace kairank {

namespace {

constexpr size_t kSearchEvents = 2000000;  // events that the rules of a trial are counted from
constexpr size_t kSearchCases = 10000;
constexpr size_t kSearchVotes = 400000;  // history events that vote in a trial

constexpr double kWholeHistory = kMaxRuleWindow;

/// What the search begins with, and the defaults.
RuleSettings startOf(RuleKind kind) {
  RuleSettings settings;
  if (kind == RuleKind::items) {
    settings.window = kWholeHistory;
    settings.power = 0;
    settings.back = 1;
    settings.alpha = settings.beta = 0.5;  // the cosine of two items' users
    settings.decay = 0.85;
  }
  return settings;
}

/// Everything but the decay, which is no part of the matrix.
std::vector<double> matrixKey(const RuleSettings& s) { return {s.window, s.power, s.back, s.alpha, s.beta, s.ageing}; }

class Search {
 public:
  Search(const Dataset& data, const RuleEvents& events, bool excludeSeen, uint64_t seed, uint32_t threads,
         Control& control, RuleKind kind)
      : kind_(kind),
        events_(events),
        cases_(data.validation),
        chosen_(sampleCases(data.validation, kSearchCases, kSearchVotes, seed)),
        control_(control) {
    options_.model = RankedBy::rules;
    options_.excludeSeen = excludeSeen;
    options_.threads = threads;
  }

  LearnedRules run() {
    const bool sequential = kind_ == RuleKind::sequential;
    using Values = std::vector<double>;
    const std::vector<Axis<RuleSettings>> axes = {
        {sequential ? Values{5, 20, 50} : Values{50, kWholeHistory}, [](RuleSettings& s) { return &s.window; }},
        {{0.3, 0.5, 0.7, 0.85, 1}, [](RuleSettings& s) { return &s.decay; }},
        {sequential ? Values{0, 0.1, 0.25, 0.5, 0.75, 1} : Values{1}, [](RuleSettings& s) { return &s.back; }},
        {sequential ? Values{0, 0.25, 0.5, 0.75, 1, 1.5} : Values{0}, [](RuleSettings& s) { return &s.power; }},
        {{0, 0.15, 0.3, 0.5, 0.7}, [](RuleSettings& s) { return &s.alpha; }},
        {{0, 0.1, 0.2, 0.3, 0.5}, [](RuleSettings& s) { return &s.beta; }},
        {{0, 0.5, 1, 2, 4, 8}, [](RuleSettings& s) { return &s.ageing; }},
        {{0.3, 0.4, 0.5, 0.6, 0.7, 0.78, 0.85, 0.92, 1}, [](RuleSettings& s) { return &s.decay; }},
    };
    best_ = startOf(kind_);
    searchGrid(axes, best_, control_, [&](const RuleSettings& settings) { attempt(settings); });
    return {nullptr, best_, std::move(trials_)};
  }

 private:
  void attempt(const RuleSettings& settings) {
    std::vector<double> key = matrixKey(settings);
    key.push_back(settings.decay);
    control_.advance(1);
    if (!tried_.insert(key).second) return;
    if (!models_.rules || matrixKey(settings) != matrixKey(fitted_)) {
      models_.items = events_.positives.itemCount();
      rules_ = fitRules(events_, settings, options_.threads, control_);
      models_.rules = rules_;
      fitted_ = settings;
    }
    rules_->decay = static_cast<float>(settings.decay);
    Control quiet = control_.quiet();
    const RankedCases ranked = rankCases(models_, cases_, chosen_, options_, quiet);
    const CaseQuality quality = meanQuality(qualities(ranked, cases_, chosen_));
    trials_.push_back({named(settings), quality.ndcg, quality.recall});
    if (quality.ndcg > reached_) {
      reached_ = quality.ndcg;
      best_ = settings;
      control_.found(reached_);
    }
  }

  const RuleKind kind_;
  const RuleEvents& events_;
  const Cases& cases_;
  const std::vector<uint32_t> chosen_;
  Control& control_;
  RankOptions options_;
  ModelSet models_;
  std::shared_ptr<RulesModel> rules_;
  RuleSettings fitted_;
  RuleSettings best_;
  double reached_ = -1;
  std::set<std::vector<double>> tried_;
  std::vector<Trial> trials_;
};

}  // namespace

LearnedRules learnRules(const Dataset& data, bool excludeSeen, uint64_t seed, uint32_t threads, Control& control,
                        RuleKind kind) {
  const RuleEvents events(data.train, data.items);
  LearnedRules learned;
  learned.settings = startOf(kind);
  if (data.validation.count() > 0) {
    std::optional<RuleEvents> sample;
    if (data.train.events.size() > kSearchEvents) {
      sample.emplace(sampleUsers(data.train, kSearchEvents, seed), data.items);
    }
    learned = Search(data, sample ? *sample : events, excludeSeen, seed, threads, control, kind).run();
  } else {
    control.begin(1);
  }
  learned.rules = fitRules(events, learned.settings, threads, control);
  control.finish();
  return learned;
}

}  // namespace kairank

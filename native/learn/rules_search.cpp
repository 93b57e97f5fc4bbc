// Choosing the settings of the rules: coordinate search over small grids.

#include <functional>
#include <map>

#include "rank_cases.h"
#include "rules.h"
#include "sampling.h"

namespace kairank {

namespace {

constexpr size_t kSearchEvents = 2000000;  // events that the rules of a trial are counted from
constexpr size_t kSearchCases = 25000;
constexpr size_t kSearchVotes = 600000;  // history events that vote in a trial
constexpr int kRounds = 2;

/// Everything but the decay, which is no part of the matrix.
std::vector<double> matrixKey(const RuleSettings& s) {
  return {static_cast<double>(s.window), s.power, s.back, s.alpha, s.beta};
}

class Search {
 public:
  Search(const Dataset& data, const Positives& positives, bool excludeSeen, uint64_t seed, uint32_t threads,
         Control& control)
      : positives_(positives),
        cases_(data.validation),
        chosen_(sampleCases(data.validation, kSearchCases, kSearchVotes, seed)),
        control_(control) {
    options_.model = RankedBy::rules;
    options_.excludeSeen = excludeSeen;
    options_.threads = threads;
  }

  LearnedRules run() {
    using Values = std::vector<double>;
    struct Axis {
      Values values;
      std::function<void(RuleSettings&, double)> set;
    };
    std::vector<Axis> axes = {
        {{5, 20, 50}, [](RuleSettings& s, double v) { s.window = static_cast<uint32_t>(v); }},
        {{0.3, 0.5, 0.7, 0.85, 1}, [](RuleSettings& s, double v) { s.decay = v; }},
        {{0, 0.1, 0.25, 0.5, 0.75, 1}, [](RuleSettings& s, double v) { s.back = v; }},
        {{0, 0.25, 0.5, 0.75, 1, 1.5}, [](RuleSettings& s, double v) { s.power = v; }},
        {{}, {}},  // alpha and beta trade against each other: one axis of pairs
        {{0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 0.95}, [](RuleSettings& s, double v) { s.decay = v; }},
    };
    std::vector<std::pair<double, double>> scales;
    for (double alpha : {0.0, 0.15, 0.3, 0.5, 0.7}) {
      for (double beta : {0.0, 0.1, 0.3, 0.5}) scales.push_back({alpha, beta});
    }
    axes[4].set = [&](RuleSettings& s, double v) {
      s.alpha = scales[static_cast<size_t>(v)].first;
      s.beta = scales[static_cast<size_t>(v)].second;
    };
    for (size_t i = 0; i < scales.size(); i++) axes[4].values.push_back(static_cast<double>(i));

    size_t steps = 1;
    for (const Axis& axis : axes) steps += axis.values.size() * kRounds;
    control_.begin(static_cast<double>(steps));
    attempt(RuleSettings{});
    for (int round = 0; round < kRounds; round++) {
      const RuleSettings before = best_;
      for (const Axis& axis : axes) {
        const RuleSettings from = best_;
        for (double value : axis.values) {
          RuleSettings settings = from;
          axis.set(settings, value);
          attempt(settings);
        }
      }
      if (matrixKey(before) == matrixKey(best_) && before.decay == best_.decay) break;
    }
    return {nullptr, best_, std::move(trials_)};
  }

 private:
  void attempt(const RuleSettings& settings) {
    std::vector<double> key = matrixKey(settings);
    key.push_back(settings.decay);
    control_.advance(1);
    if (!tried_.emplace(key, true).second) return;
    if (!models_.rules || matrixKey(settings) != matrixKey(fitted_)) {
      models_.items = positives_.itemCount();
      rules_ = fitRules(positives_, settings, options_.threads, control_);
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

  const Positives& positives_;
  const Cases& cases_;
  const std::vector<uint32_t> chosen_;
  Control& control_;
  RankOptions options_;
  ModelSet models_;
  std::shared_ptr<RulesModel> rules_;
  RuleSettings fitted_;
  RuleSettings best_;
  double reached_ = -1;
  std::map<std::vector<double>, bool> tried_;
  std::vector<Trial> trials_;
};

}  // namespace

LearnedRules learnRules(const Dataset& data, bool excludeSeen, uint64_t seed, uint32_t threads, Control& control) {
  const Positives positives = positivesOf(data.train, data.items);
  LearnedRules learned;
  if (data.validation.count() > 0) {
    if (positives.rows.size() > kSearchEvents) {
      const Positives sample = positivesOf(sampleUsers(data.train, kSearchEvents, seed), data.items);
      learned = Search(data, sample, excludeSeen, seed, threads, control).run();
    } else {
      learned = Search(data, positives, excludeSeen, seed, threads, control).run();
    }
  } else {
    control.begin(1);
  }
  learned.rules = fitRules(positives, learned.settings, threads, control);
  control.finish();
  return learned;
}

}  // namespace kairank

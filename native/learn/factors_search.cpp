// Choosing the settings of the factors: regularisation and confidence at a small dim, then larger dims while they help.

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "../include/clock.h"
#include "factors.h"
#include "rank_cases.h"
#include "sampling.h"

namespace kairank {

namespace {

constexpr size_t kSearchCases = 10000;
constexpr size_t kScreenCases = 2500;
constexpr size_t kSearchVotes = 300000;   // history events folded in, in one look at the cases
constexpr size_t kScreenEvents = 400000;  // events that screening trains on
constexpr uint32_t kScreenDim = 32;
constexpr uint32_t kScreenEpochs = 6;
constexpr uint32_t kFullEpochs = 12;
constexpr uint32_t kLargeDim = 256;  // from here on an epoch is dear and eight are enough
constexpr uint32_t kLargeEpochs = 8;
constexpr uint32_t kLargeCatalogue = 200000;  // items above which a request can afford half of the dims
constexpr double kGrowth = 6;                 // of the time of a training when its dim doubles
constexpr std::initializer_list<double> kDecays = {1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3};
constexpr double kNeighbouring = 0.11;  // decays so near to the best so far are tried again
constexpr std::initializer_list<double> kScreenDecays = {1, 0.4};
constexpr std::initializer_list<double> kStrengths = {1, 0.3, 0.1, 3, 6};
constexpr std::initializer_list<double> kConfidences = {0.002, 0.006, 0.06, 0.2, 0.6};
constexpr std::initializer_list<double> kFactors = {0.5, 2};  // of the strength, once the confidence is known
constexpr double kWeaker = 0.7;  // what a larger dim's strength is multiplied by, while it helps
constexpr int kWeakenings = 3;
constexpr double kDefaultStrength = 1;
constexpr double kDefaultConfidence = 0.02;

/// A regularisation that keeps its strength while alpha0 and the size of the shop change: it is the lambda of an
/// average user (at nu 1).
double regularisationOf(const Positives& positives, double strength, double alpha0) {
  const double users = std::max<uint32_t>(1, positives.userCount());
  double total = 0;
  for (float count : positives.popularity) total += count;
  return std::min(1.0, std::max(1e-9, strength / (alpha0 * positives.itemCount() + total / users)));
}

/// More factors than users or items can only repeat one another.
uint32_t dimOf(const Positives& positives, uint32_t dim) {
  const uint32_t least = std::max<uint32_t>(1, std::min(positives.userCount(), positives.itemCount()));
  return std::min(dim, least);
}

class Search {
 public:
  Search(const Dataset& data, const Positives& positives, const FactorSearch& search, Control& control)
      : data_(data),
        positives_(positives),
        chosen_(sampleCases(data.validation, kScreenCases, kSearchVotes, search.seed)),
        search_(search),
        control_(control) {
    options_.model = RankedBy::factors;
    options_.excludeSeen = search.excludeSeen;
    options_.threads = search.threads;
  }

  LearnedFactors run() {
    const size_t screens = kStrengths.size() + kConfidences.size() + kFactors.size();
    const uint32_t largest = positives_.itemCount() > kLargeCatalogue ? search_.maxDim / 2 : search_.maxDim;
    const double dims = 1 + std::max(0.0, std::log2(static_cast<double>(largest) / kScreenDim));
    control_.begin(static_cast<double>(screens * kScreenEpochs) + dims * 2 * kFullEpochs);
    screen();
    best_ = Found{};
    chosen_ = sampleCases(data_.validation, kSearchCases, kSearchVotes, search_.seed);
    uint32_t before = 0;
    for (uint32_t dim = kScreenDim;; dim *= 2) {
      const uint32_t usable = dimOf(positives_, std::min(dim, largest));
      if (usable == before || (before > 0 && !timeFor(kGrowth))) break;
      before = usable;
      const double reached = best_.quality.ndcg;
      full(usable);
      // A larger model says more of everybody, and needs less to hold it back.
      for (int turn = 0; turn < kWeakenings && dim > kScreenDim && timeFor(1); turn++) {
        // What is held back more is believed, unless clearly worse: validation has less to learn from than serving
        // will.
        const Found held = best_;
        strength_ *= kWeaker;
        full(usable);
        if (clearlyBetter(best_.cases, held.cases)) continue;
        best_ = held;
        strength_ /= kWeaker;
        break;
      }
      if (best_.model && !(best_.quality.ndcg > reached)) break;
    }
    return {best_.model, best_.settings, std::move(trials_)};
  }

 private:
  struct Found {
    std::shared_ptr<const FactorsModel> model;
    FactorSettings settings;
    CaseQuality quality{-1, -1};
    std::vector<CaseQuality> cases;
  };

  /// One training of all the data; the decays around the best so far.
  void full(uint32_t dim) {
    const Clock::time_point start = Clock::now();
    std::vector<double> decays(kDecays);
    if (best_.model) {
      const double around = best_.settings.decay;
      decays.erase(std::remove_if(decays.begin(), decays.end(),
                                  [&](double decay) { return std::fabs(decay - around) > kNeighbouring; }),
                   decays.end());
    }
    train(positives_, dim, strength_, confidence_, dim >= kLargeDim ? kLargeEpochs : kFullEpochs, decays);
    lastSeconds_ = secondsSince(start);
  }

  /// Whether there is time for a training that takes so many times as long as the last.
  bool timeFor(double factor) const {
    return !(search_.budget > 0) || secondsSince(start_) + factor * lastSeconds_ <= search_.budget;
  }

  /// Finds the strength of regularisation and the weight of unobserved pairs.
  void screen() {
    Positives sample;
    const bool all = positives_.rows.size() <= kScreenEvents;
    if (!all) sample = positivesOf(sampleUsers(data_.train, kScreenEvents, search_.seed), data_.items);
    const Positives& positives = all ? positives_ : sample;
    const uint32_t dim = dimOf(positives, kScreenDim);
    const auto attempt = [&](double strength, double confidence) {
      const double reached = best_.quality.ndcg;
      train(positives, dim, strength, confidence, kScreenEpochs, kScreenDecays);
      if (!(best_.quality.ndcg > reached)) return;
      strength_ = strength;
      confidence_ = confidence;
    };
    for (double strength : kStrengths) attempt(strength, kDefaultConfidence);
    for (double confidence : kConfidences) attempt(strength_, confidence);
    const double coarse = strength_;
    for (double factor : kFactors) attempt(coarse * factor, confidence_);
  }

  void train(const Positives& positives, uint32_t dim, double strength, double confidence, uint32_t epochs,
             const std::vector<double>& decays) {
    FactorSettings settings;
    settings.dim = dim;
    settings.epochs = epochs;
    settings.alpha0 = confidence;
    settings.regularisation = regularisationOf(positives, strength, confidence);
    FactorTrainer trainer(positives, settings, search_.seed, options_.threads, control_);
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
      trainer.epoch();
      control_.advance(1);
    }
    const std::shared_ptr<FactorsModel> model = trainer.model();
    double kept = 0;
    for (double decay : decays) {
      settings.decay = decay;
      model->decay = static_cast<float>(decay);
      if (judge(model, settings)) kept = decay;
    }
    if (kept > 0) {
      model->decay = static_cast<float>(kept);
      best_.model = model;
    }
  }

  /// True when this beats everything before it.
  bool judge(const std::shared_ptr<const FactorsModel>& model, const FactorSettings& settings) {
    ModelSet models;
    models.items = positives_.itemCount();
    models.factors = model;
    Control quiet = control_.quiet();
    const RankedCases ranked = rankCases(models, data_.validation, chosen_, options_, quiet);
    std::vector<CaseQuality> cases = qualities(ranked, data_.validation, chosen_);
    const CaseQuality quality = meanQuality(cases);
    trials_.push_back({named(settings), quality.ndcg, quality.recall});
    if (!(quality.ndcg > best_.quality.ndcg)) return false;
    best_.quality = quality;
    best_.cases = std::move(cases);
    best_.settings = settings;
    control_.found(quality.ndcg);
    return true;
  }

  const Dataset& data_;
  const Positives& positives_;
  std::vector<uint32_t> chosen_;
  const FactorSearch& search_;
  Control& control_;
  const Clock::time_point start_ = Clock::now();
  double lastSeconds_ = 0;  // of the last training of all the data
  RankOptions options_;
  Found best_;
  double strength_ = kDefaultStrength;
  double confidence_ = kDefaultConfidence;
  std::vector<Trial> trials_;
};

}  // namespace

LearnedFactors learnFactors(const Dataset& data, const FactorSearch& search, Control& control) {
  const Positives positives = positivesOf(data.train, data.items);
  LearnedFactors learned;
  if (data.validation.count() > 0 && !positives.rows.empty()) {
    learned = Search(data, positives, search, control).run();
  } else {
    learned.settings.dim = dimOf(positives, learned.settings.dim);
    learned.settings.alpha0 = kDefaultConfidence;
    learned.settings.regularisation = regularisationOf(positives, kDefaultStrength, kDefaultConfidence);
    learned.factors = fitFactors(positives, learned.settings, search.seed, search.threads, control);
  }
  control.finish();
  return learned;
}

}  // namespace kairank

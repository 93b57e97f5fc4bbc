// Choosing the settings of the factors: regularisation and confidence at a small dim, then larger dims while they help.

#include <algorithm>
#include <initializer_list>

#include "factors.h"
#include "rank_cases.h"
#include "sampling.h"

namespace kairank {

namespace {

constexpr size_t kSearchCases = 5000;
constexpr size_t kScreenCases = 2500;
constexpr size_t kSearchVotes = 300000;   // history events folded in, in one look at the cases
constexpr size_t kScreenEvents = 400000;  // events that screening trains on
constexpr uint32_t kScreenDim = 32;
constexpr uint32_t kScreenEpochs = 6;
constexpr uint32_t kFullEpochs = 12;
constexpr uint32_t kMaxSearchedDim = 128;     // beyond it a scan of the catalogue costs a request more than it brings
constexpr uint32_t kLargeCatalogue = 200000;  // items above which a request can afford half of that
constexpr std::initializer_list<double> kDecays = {1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3};
constexpr std::initializer_list<double> kScreenDecays = {1, 0.4};
constexpr std::initializer_list<double> kStrengths = {1, 0.3, 0.1, 3, 6};
constexpr std::initializer_list<double> kConfidences = {0.002, 0.006, 0.06, 0.2, 0.6};
constexpr std::initializer_list<double> kFactors = {0.5, 2};  // of the strength, once the confidence is known
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
  Search(const Dataset& data, const Positives& positives, bool excludeSeen, uint64_t seed, uint32_t threads,
         Control& control)
      : data_(data),
        positives_(positives),
        chosen_(sampleCases(data.validation, kScreenCases, kSearchVotes, seed)),
        seed_(seed),
        control_(control) {
    options_.model = RankedBy::factors;
    options_.excludeSeen = excludeSeen;
    options_.threads = threads;
  }

  LearnedFactors run() {
    const size_t screens = kStrengths.size() + kConfidences.size() + kFactors.size();
    control_.begin(static_cast<double>(screens * kScreenEpochs + 3 * kFullEpochs));
    screen();
    best_ = Found{};
    chosen_ = sampleCases(data_.validation, kSearchCases, kSearchVotes, seed_);
    const uint32_t largest = positives_.itemCount() > kLargeCatalogue ? kMaxSearchedDim / 2 : kMaxSearchedDim;
    uint32_t before = 0;
    for (uint32_t dim : {kScreenDim, 2 * kScreenDim, 4 * kScreenDim}) {
      const uint32_t usable = dimOf(positives_, std::min(dim, largest));
      if (usable == before) break;
      before = usable;
      const double reached = best_.quality.ndcg;
      train(positives_, usable, strength_, confidence_, kFullEpochs, kDecays);
      if (best_.model && !(best_.quality.ndcg > reached)) break;
    }
    return {best_.model, best_.settings, std::move(trials_)};
  }

 private:
  struct Found {
    std::shared_ptr<const FactorsModel> model;
    FactorSettings settings;
    CaseQuality quality{-1, -1};
  };

  /// Finds the strength of regularisation and the weight of unobserved pairs.
  void screen() {
    Positives sample;
    const bool all = positives_.rows.size() <= kScreenEvents;
    if (!all) sample = positivesOf(sampleUsers(data_.train, kScreenEvents, seed_), data_.items);
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
             std::initializer_list<double> decays) {
    FactorSettings settings;
    settings.dim = dim;
    settings.epochs = epochs;
    settings.alpha0 = confidence;
    settings.regularisation = regularisationOf(positives, strength, confidence);
    FactorTrainer trainer(positives, settings, seed_, options_.threads, control_);
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
    const CaseQuality quality = meanQuality(qualities(ranked, data_.validation, chosen_));
    trials_.push_back({named(settings), quality.ndcg, quality.recall});
    if (!(quality.ndcg > best_.quality.ndcg)) return false;
    best_.quality = quality;
    best_.settings = settings;
    control_.found(quality.ndcg);
    return true;
  }

  const Dataset& data_;
  const Positives& positives_;
  std::vector<uint32_t> chosen_;
  const uint64_t seed_;
  Control& control_;
  RankOptions options_;
  Found best_;
  double strength_ = kDefaultStrength;
  double confidence_ = kDefaultConfidence;
  std::vector<Trial> trials_;
};

}  // namespace

LearnedFactors learnFactors(const Dataset& data, bool excludeSeen, uint64_t seed, uint32_t threads, Control& control) {
  const Positives positives = positivesOf(data.train, data.items);
  LearnedFactors learned;
  if (data.validation.count() > 0 && !positives.rows.empty()) {
    learned = Search(data, positives, excludeSeen, seed, threads, control).run();
  } else {
    learned.settings.dim = dimOf(positives, learned.settings.dim);
    learned.settings.alpha0 = kDefaultConfidence;
    learned.settings.regularisation = regularisationOf(positives, kDefaultStrength, kDefaultConfidence);
    learned.factors = fitFactors(positives, learned.settings, seed, threads, control);
  }
  control.finish();
  return learned;
}

}  // namespace kairank

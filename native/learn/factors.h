#pragma once
// iALS: factors of users and items from implicit feedback by alternating least squares (Hu et al. 2008), with the
// loss and the regularisation of Rendle et al. 2021 ("iALS++" and "Revisiting the performance of iALS").

#include <memory>

#include "../include/control.h"
#include "../recall/fold_in.h"
#include "../state/models.h"
#include "dataset.h"

namespace kairank {

struct FactorSettings {
  uint32_t dim = 64;
  uint32_t epochs = 12;
  double regularisation = 0.003;
  double alpha0 = 0.1;  // weight of an unobserved pair
  double nu = 1;        // lambda of a row: regularisation * (sum of weights + alpha0 * rows of the other side)^nu
  double decay = 0.8;   // of the fold-in: weight of a history event is decay^(age in events)
};

/// The settings by name, as trials and bundles write them.
std::vector<std::pair<std::string, double>> named(const FactorSettings& settings);

/// @throws Error(invalidArgument) on a setting out of range.
void checkSettings(const FactorSettings& settings);

/// Trains in steps, so that a search can look between them. The same seed gives the same factors at any number of
/// threads. The loss is sum_observed w (1 - <x_u, y_i>)^2 + alpha0 sum_all <x_u, y_i>^2 + sum_rows lambda |row|^2.
class FactorTrainer {
 public:
  /// @throws Error(invalidArgument) on settings out of range.
  FactorTrainer(const Positives& positives, const FactorSettings& settings, uint64_t seed, uint32_t threads,
                const Control& control);

  /// Solves every user's row, then every item's.
  void epoch();

  /// The items' side as a model.
  std::shared_ptr<FactorsModel> model();

  /// users x dim, in the axes of the items' factors.
  std::vector<float> userFactors() const;
  const std::vector<float>& itemFactors() const { return items_.factors; }

 private:
  struct Side {
    size_t rows = 0;
    std::vector<float> factors;  // rows x dim
    std::vector<float> gram;     // alpha0 * factors^T factors
    bool diagonal = false;
    std::vector<float> axes;  // dim x dim: what the last turn multiplied the rows with; empty for none
  };

  /// The users' gram in the axes of the items' factors.
  std::vector<float> userGram() const;

  void solve(Side& side, Side& other, bool users);
  /// Computes the gram of a side and turns its factors to the axes where it is diagonal (up to kRotatedDim).
  void finish(Side& side);

  const Positives& positives_;
  const FactorSettings settings_;
  const uint32_t threads_;
  const Control& control_;
  Side users_;
  Side items_;
  std::vector<uint32_t> itemUsers_;  // user of each event, by item
  std::vector<float> itemWeights_;   // weight of each event, by item
  std::vector<FoldInScratch> scratch_;
};

struct LearnedFactors {
  std::shared_ptr<const FactorsModel> factors;
  FactorSettings settings;
  std::vector<Trial> trials;
};

std::shared_ptr<const FactorsModel> fitFactors(const Positives& positives, const FactorSettings& settings,
                                               uint64_t seed, uint32_t threads, Control& control);

/// How far a search may go.
struct FactorSearch {
  bool excludeSeen = true;  // in validation
  uint64_t seed = 1;
  uint32_t threads = 1;
  uint32_t maxDim = 128;  // a request scans the catalogue's factors: beyond this it costs more than it mostly brings
  double budget = 0;      // seconds after which no larger dim is begun; 0: no limit
};

/// Chooses the settings on the validation cases by NDCG@10 (a small dim first, then larger ones, less and less
/// regularised, while they help), fits on train; the defaults when there are no cases. The result does not depend on
/// `threads`, nor on the budget where it suffices.
LearnedFactors learnFactors(const Dataset& data, const FactorSearch& search, Control& control);

}  // namespace kairank

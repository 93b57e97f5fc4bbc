#pragma once
// Learns the online layer from what shoppers chose of the lists they were shown: AdaGrad (Duchi et al. 2011) on a
// listwise softmax, with a bias for each place of a list (as Guo et al. 2019, "PAL") that serving leaves out. It
// watches itself: every choice is foretold before it is learned from (prequential, Dawid 1984), by the weights as they
// are, as they last proved themselves, and as trained; weights that foretell worse are rolled back.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kairank {

struct OnlineSettings {
  double rate = 0.1;
  double decay = 1e-3;    // pull of the weights towards those as trained, in the gradient
  double forget = 2e-4;   // share of the squared gradients that a step forgets: shops go on changing
  float mostStep = 0.1f;  // bound of a weight's step
  float most = 4;         // bound of a weight
  uint32_t window = 256;  // choices that are looked back on
  uint32_t every = 64;    // choices between two looks
  double clear = 3;       // standard errors that a difference has to exceed: many looks make chance likely
};

/// A list as it was shown.
struct ShownList {
  const float* inputs = nullptr;   // count x width
  const float* trained = nullptr;  // count: scores as trained
  size_t count = 0;
};

/// What a look back found.
enum class OnlineTurn { none, proved, rolledBack, drifted };

class OnlineLearner {
 public:
  static constexpr size_t kPlaces = 32;

  explicit OnlineLearner(size_t width, const OnlineSettings& settings = {});

  /// Learns that the item at `place` was chosen (weight above 0), or turned down (below), with a strength of at most 1.
  /// `probabilities` gets what was foretold of every item of the list.
  OnlineTurn learn(const ShownList& list, size_t place, float weight, std::vector<float>& probabilities);

  const std::vector<float>& weights() const { return weights_; }
  bool idle() const;

  /// Mean log likelihood of the choices looked back on: as the weights foretold them, and as trained.
  struct Insight {
    double learned = 0;
    double trained = 0;
    uint32_t choices = 0;
  };
  Insight insight() const;

  /// All there is to know, to go on from elsewhere; `resume` refuses (false) what does not fit or is not finite.
  std::vector<float> state() const;
  bool resume(const std::vector<float>& state);

 private:
  enum Voice { now, kept, trained, kVoices };

  double foretell(const ShownList& list, size_t place, const float* weights, std::vector<float>& probabilities) const;
  void step(size_t at, double gradient, std::vector<float>& weights, std::vector<double>& squares);
  OnlineTurn look();
  void restartWindow();

  const size_t width_;
  const OnlineSettings settings_;
  std::vector<float> weights_;
  std::vector<float> kept_;  // the last that proved themselves; zeros at first
  const std::vector<float> zeros_;
  std::vector<double> squares_;
  std::vector<float> places_ = std::vector<float>(kPlaces, 0.0f);
  std::vector<double> placeSquares_ = std::vector<double>(kPlaces, 1.0);
  std::array<std::vector<float>, kVoices> likelihoods_;  // ring of the window
  std::vector<double> gradient_;
  double usual_ = 0;       // mean likelihood of the window that drift is measured from
  double usualError_ = 0;  // its standard error, squared
  bool hasUsual_ = false;
  uint64_t seen_ = 0;  // choices since the window began
};

}  // namespace kairank

#include "online_learner.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"

namespace kairank {

namespace {

constexpr double kLeastProbability = 1e-6;

struct Spread {
  double mean = 0;
  double error = 0;  // of the mean, squared
};

template <typename Get>
Spread spreadOf(size_t count, const Get& get) {
  Spread spread;
  for (size_t i = 0; i < count; i++) spread.mean += get(i);
  spread.mean /= static_cast<double>(count);
  for (size_t i = 0; i < count; i++) spread.error += (get(i) - spread.mean) * (get(i) - spread.mean);
  spread.error /= static_cast<double>(count) * static_cast<double>(count);
  return spread;
}

}  // namespace

OnlineLearner::OnlineLearner(size_t width, const OnlineSettings& settings)
    : width_(width),
      settings_(settings),
      weights_(width, 0.0f),
      kept_(width, 0.0f),
      zeros_(width, 0.0f),
      squares_(width, 1.0) {
  for (auto& ring : likelihoods_) ring.assign(settings.window, 0.0f);
}

bool OnlineLearner::idle() const {
  return std::all_of(weights_.begin(), weights_.end(), [](float weight) { return weight == 0; });
}

/// Returns the probability of the place.
double OnlineLearner::foretell(const ShownList& list, size_t place, const float* weights,
                               std::vector<float>& probabilities) const {
  probabilities.resize(list.count);
  kernels().dotF32(weights, list.inputs, width_, list.count, width_, probabilities.data());
  for (size_t i = 0; i < list.count; i++) {
    probabilities[i] += list.trained[i] + places_[std::min(i, kPlaces - 1)];
  }
  float largest;
  const double sum = kernels().softmaxF32(probabilities.data(), list.count, &largest);
  const float share = static_cast<float>(1 / sum);
  for (float& value : probabilities) value *= share;
  return probabilities[place];
}

void OnlineLearner::step(size_t at, double gradient, std::vector<float>& weights, std::vector<double>& squares) {
  squares[at] = std::max(1.0, squares[at] * (1 - settings_.forget)) + gradient * gradient;
  const float moved = static_cast<float>(settings_.rate * gradient / std::sqrt(squares[at]));
  const float bounded = std::clamp(moved, -settings_.mostStep, settings_.mostStep);
  weights[at] = std::clamp(weights[at] - bounded, -settings_.most, settings_.most);
}

OnlineTurn OnlineLearner::learn(const ShownList& list, size_t place, float weight, std::vector<float>& probabilities) {
  if (place >= list.count || list.count < 2 || !(weight != 0)) return OnlineTurn::none;
  const size_t slot = seen_ % settings_.window;
  const auto likelihood = [&](double p) {
    // Of what was turned down, that it was not chosen.
    return static_cast<float>(std::log(std::max(kLeastProbability, weight > 0 ? p : 1 - p)));
  };
  likelihoods_[trained][slot] = likelihood(foretell(list, place, zeros_.data(), probabilities));
  likelihoods_[kept][slot] = likelihood(foretell(list, place, kept_.data(), probabilities));
  const double own = foretell(list, place, weights_.data(), probabilities);
  likelihoods_[now][slot] = likelihood(own);
  seen_++;

  // d(loss)/d(score): p - 1 at what was chosen and p elsewhere; of what was turned down, p there and -p p' / (1 - p).
  const double strength = std::min(1.0f, std::fabs(weight));
  const double turned = weight > 0 ? 1 : -own / std::max(kLeastProbability, 1 - own);
  gradient_.assign(width_, 0.0);
  for (size_t i = 0; i < list.count; i++) {
    double g = turned * probabilities[i];
    if (i == place) g = weight > 0 ? own - 1 : own;
    g *= strength;
    const float* inputs = list.inputs + i * width_;
    for (size_t j = 0; j < width_; j++) gradient_[j] += g * inputs[j];
    step(std::min(i, kPlaces - 1), g, places_, placeSquares_);
  }
  for (size_t j = 0; j < width_; j++) step(j, gradient_[j] + settings_.decay * weights_[j], weights_, squares_);
  return seen_ >= settings_.window && seen_ % settings_.every == 0 ? look() : OnlineTurn::none;
}

void OnlineLearner::restartWindow() { seen_ = 0; }

OnlineTurn OnlineLearner::look() {
  const size_t count = settings_.window;
  const auto over = [&](Voice one, Voice other) {
    return spreadOf(count, [&](size_t i) { return double{likelihoods_[one][i]} - likelihoods_[other][i]; });
  };
  const auto clearly = [&](const Spread& gain, double sign) {
    return sign * gain.mean > settings_.clear * std::sqrt(gain.error);
  };
  const Spread overKept = over(now, kept), overTrained = over(now, trained);
  if (clearly(overKept, -1) || clearly(overTrained, -1)) {
    // Back to those that proved themselves, where they still foretell no worse than training did.
    if (clearly(over(kept, trained), -1)) std::fill(kept_.begin(), kept_.end(), 0.0f);
    weights_ = kept_;
    std::fill(squares_.begin(), squares_.end(), 1.0);
    restartWindow();
    return OnlineTurn::rolledBack;
  }
  const Spread usual = spreadOf(count, [&](size_t i) { return likelihoods_[now][i]; });
  const bool drifted = hasUsual_ && usual_ - usual.mean > settings_.clear * std::sqrt(usual.error + usualError_);
  if (drifted || !hasUsual_) {
    usual_ = usual.mean;
    usualError_ = usual.error;
    hasUsual_ = true;
  }
  if (clearly(overKept, 1)) {
    kept_ = weights_;
    if (!drifted) return OnlineTurn::proved;
  }
  return drifted ? OnlineTurn::drifted : OnlineTurn::none;
}

OnlineLearner::Insight OnlineLearner::insight() const {
  Insight insight;
  insight.choices = static_cast<uint32_t>(std::min<uint64_t>(seen_, settings_.window));
  for (uint32_t i = 0; i < insight.choices; i++) {
    insight.learned += likelihoods_[now][i];
    insight.trained += likelihoods_[trained][i];
  }
  if (insight.choices > 0) {
    insight.learned /= insight.choices;
    insight.trained /= insight.choices;
  }
  return insight;
}

std::vector<float> OnlineLearner::state() const {
  std::vector<float> state = weights_;
  state.insert(state.end(), kept_.begin(), kept_.end());
  state.insert(state.end(), squares_.begin(), squares_.end());
  state.insert(state.end(), places_.begin(), places_.end());
  state.insert(state.end(), placeSquares_.begin(), placeSquares_.end());
  return state;
}

bool OnlineLearner::resume(const std::vector<float>& state) {
  if (state.size() != 3 * width_ + 2 * kPlaces) return false;
  const auto bounded = [&](size_t begin, size_t count, double least, double most) {
    return std::all_of(state.begin() + begin, state.begin() + begin + count,
                       [&](float value) { return value >= least && value <= most; });
  };
  const size_t squares = 2 * width_, places = 3 * width_;
  const double most = settings_.most;
  if (!bounded(0, squares, -most, most) || !bounded(squares, width_, 1, 1e30) ||
      !bounded(places, kPlaces, -most, most) || !bounded(places + kPlaces, kPlaces, 1, 1e30)) {
    return false;
  }
  const auto at = [&](size_t begin) { return state.begin() + static_cast<std::ptrdiff_t>(begin); };
  weights_.assign(at(0), at(width_));
  kept_.assign(at(width_), at(squares));
  squares_.assign(at(squares), at(places));
  places_.assign(at(places), at(places + kPlaces));
  placeSquares_.assign(at(places + kPlaces), state.end());
  restartWindow();
  return true;
}

}  // namespace kairank

// The online learner against finite differences and against the taste that made the choices; its watch against worlds
// that turn.

#include <cmath>
#include <limits>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/rank/online_learner.h"
#include "../check.h"

using namespace kairank;

namespace {

struct List {
  std::vector<float> inputs, trained;
  size_t width;
  size_t count() const { return trained.size(); }
  ShownList view() const { return {inputs.data(), trained.data(), count()}; }
};

List listOf(Random& random, size_t count, size_t width) {
  List list;
  list.width = width;
  for (size_t i = 0; i < count * width; i++) list.inputs.push_back(static_cast<float>(random.normal()));
  for (size_t i = 0; i < count; i++) list.trained.push_back(static_cast<float>(random.normal()));
  return list;
}

/// Probabilities of a choice by given weights, in double.
std::vector<double> chances(const List& list, const std::vector<double>& weights, const std::vector<double>& places) {
  std::vector<double> out;
  double sum = 0;
  for (size_t i = 0; i < list.count(); i++) {
    double score = list.trained[i] + (places.empty() ? 0 : places[i]);
    for (size_t j = 0; j < list.width; j++) score += weights[j] * list.inputs[i * list.width + j];
    out.push_back(std::exp(score));
    sum += out.back();
  }
  for (double& value : out) value /= sum;
  return out;
}

size_t choose(Random& random, const std::vector<double>& chances) {
  double left = random.uniform();
  for (size_t i = 0; i + 1 < chances.size(); i++) {
    left -= chances[i];
    if (left < 0) return i;
  }
  return chances.size() - 1;
}

/// The gradient that a first step was made of: rate g / sqrt(1 + g^2), undone.
double undone(double step, double rate) { return -step / std::sqrt(rate * rate - step * step); }

void gradientsAgree(float weight) {
  Random random(5);
  OnlineSettings settings;
  settings.decay = 0;
  settings.mostStep = 1;
  const size_t width = 6;
  const List list = listOf(random, 7, width);
  const size_t place = 2;
  OnlineLearner learner(width, settings);
  std::vector<float> foretold;
  learner.learn(list.view(), place, weight, foretold);
  const std::vector<double> zeros(width, 0.0);
  const std::vector<double> p = chances(list, zeros, {});
  for (size_t i = 0; i < p.size(); i++) CHECK_THAT(std::fabs(p[i] - foretold[i]) < 1e-6, "place " << i);
  const auto loss = [&](const std::vector<double>& weights) {
    const double own = chances(list, weights, {})[place];
    return -std::log(weight > 0 ? own : 1 - own);
  };
  for (size_t j = 0; j < width; j++) {
    std::vector<double> up = zeros, down = zeros;
    up[j] = 1e-5;
    down[j] = -1e-5;
    const double slope = (loss(up) - loss(down)) / 2e-5;
    const double taken = undone(learner.weights()[j], settings.rate);
    CHECK_THAT(std::fabs(slope - taken) < 1e-4, "weight " << j << ": " << slope << " and " << taken);
  }
}

}  // namespace

int main() {
  check::test("the gradient of a choice is that of finite differences", [] { gradientsAgree(1); });
  check::test("the gradient of a refusal is that of finite differences", [] { gradientsAgree(-1); });

  check::test("learns the taste that makes the choices, and not where lists put things", [] {
    Random random(17);
    const std::vector<double> taste{1.2, -0.8, 0, 0.5};
    // The further down, the less looked at.
    std::vector<double> places;
    for (size_t i = 0; i < 10; i++) places.push_back(-0.25 * static_cast<double>(i));
    OnlineLearner learner(taste.size());
    std::vector<float> foretold;
    for (int choice = 0; choice < 12000; choice++) {
      const List list = listOf(random, 10, taste.size());
      learner.learn(list.view(), choose(random, chances(list, taste, places)), 1, foretold);
    }
    for (size_t j = 0; j < taste.size(); j++) {
      CHECK_THAT(std::fabs(learner.weights()[j] - taste[j]) < 0.15, "weight " << j << " " << learner.weights()[j]);
    }
    const OnlineLearner::Insight insight = learner.insight();
    CHECK(insight.choices == OnlineSettings{}.window);
    CHECK(insight.learned > insight.trained + 0.2);
    CHECK(insight.learned < 0);
  });

  check::test("choices by chance move nothing far, and nothing is taken for proved", [] {
    Random random(23);
    OnlineLearner learner(8);
    std::vector<float> foretold;
    int proved = 0;
    for (int choice = 0; choice < 8000; choice++) {
      List list = listOf(random, 10, 8);
      list.trained.assign(10, 0.0f);
      proved +=
          learner.learn(list.view(), choose(random, std::vector<double>(10, 0.1)), 1, foretold) == OnlineTurn::proved;
    }
    for (float weight : learner.weights()) CHECK_THAT(std::fabs(weight) < 0.2, weight);
    CHECK_THAT(proved <= 2, proved);
  });

  check::test("weights that foretell worse are taken back", [] {
    Random random(31);
    const std::vector<double> none(4, 0.0);
    OnlineSettings slow;
    slow.rate = 1e-4;  // so that it cannot learn its way out
    OnlineLearner learner(4, slow);
    std::vector<float> state = learner.state();
    for (size_t j = 0; j < 4; j++) state[j] = j % 2 == 0 ? 3.0f : -3.0f;
    CHECK(learner.resume(state));
    std::vector<float> foretold;
    int rolledBack = 0;
    for (uint32_t choice = 0; choice < slow.window; choice++) {
      const List list = listOf(random, 10, 4);
      rolledBack +=
          learner.learn(list.view(), choose(random, chances(list, none, {})), 1, foretold) == OnlineTurn::rolledBack;
    }
    CHECK_THAT(rolledBack == 1, rolledBack);
    for (float weight : learner.weights()) CHECK_THAT(std::fabs(weight) < 0.01, weight);
  });

  check::test("weights that had proved themselves are taken back too, where the world has left them", [] {
    Random random(37);
    OnlineSettings settings;
    OnlineLearner learner(2, settings);
    std::vector<float> state = learner.state();
    for (size_t j = 0; j < 4; j++) state[j] = 3.0f;  // as they are, and as kept
    CHECK(learner.resume(state));
    std::vector<float> foretold;
    const std::vector<double> other{-1, -1};
    int rolledBack = 0;
    for (int choice = 0; choice < 4000; choice++) {
      const List list = listOf(random, 10, 2);
      rolledBack +=
          learner.learn(list.view(), choose(random, chances(list, other, {})), 1, foretold) == OnlineTurn::rolledBack;
    }
    CHECK(rolledBack >= 1);
    for (float weight : learner.weights()) CHECK_THAT(std::fabs(weight + 1) < 0.3, weight);
  });

  check::test("drift is told when choices become harder to foretell", [] {
    Random random(41);
    const std::vector<double> taste{2, 1};
    OnlineLearner learner(2);
    std::vector<float> foretold;
    int early = 0, late = 0;
    for (int choice = 0; choice < 3000; choice++) {
      const List list = listOf(random, 10, 2);
      const std::vector<double> chance = choice < 2000 ? chances(list, taste, {}) : std::vector<double>(10, 0.1);
      const bool drifted = learner.learn(list.view(), choose(random, chance), 1, foretold) == OnlineTurn::drifted;
      (choice < 2000 ? early : late) += drifted;
    }
    CHECK_THAT(early == 0, early);
    CHECK_THAT(late >= 1, late);
  });

  check::test("bad states and lists are refused, and steps are bounded", [] {
    OnlineLearner learner(3);
    std::vector<float> state = learner.state();
    CHECK(learner.resume(state));
    state[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(!learner.resume(state));
    state[0] = 1e9f;
    CHECK(!learner.resume(state));
    state.pop_back();
    CHECK(!learner.resume(state));
    std::vector<float> foretold;
    Random random(43);
    List list = listOf(random, 5, 3);
    CHECK(learner.learn(list.view(), 5, 1, foretold) == OnlineTurn::none);
    CHECK(learner.idle());
    for (float& input : list.inputs) input *= 1e6f;
    learner.learn(list.view(), 0, 1, foretold);
    for (float weight : learner.weights()) CHECK_THAT(std::fabs(weight) <= OnlineSettings{}.mostStep, weight);
  });
  return check::finish();
}

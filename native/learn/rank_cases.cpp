#include "rank_cases.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <numeric>

#include "../dispatch/dispatch.h"
#include "../include/parallel.h"
#include "../pipeline/scratch.h"
#include "asks.h"

namespace kairank {

namespace {

constexpr float kNoScore = -std::numeric_limits<float>::infinity();

/// Ranks chunks of cases with memory of its own, one object a thread.
class Ranker {
 public:
  Ranker(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen, const RankOptions& options,
         const std::vector<uint64_t>& rankOffsets, RankedCases& out)
      : models_(models),
        cases_(cases),
        chosen_(chosen),
        options_(options),
        rankOffsets_(rankOffsets),
        out_(out),
        scratch_(makeScratch()) {
    const bool dense =
        options.model != RankedBy::engine && options.model != RankedBy::rules && options.model != RankedBy::sessions;
    if (!options.within.empty()) {
      within_ = std::vector<std::atomic<uint64_t>>((models.items + 63) / 64);
      for (uint32_t row : options.within) {
        if (row < models.items) within_[row >> 6] |= uint64_t{1} << (row & 63);
      }
    }
    for (uint32_t row = 0; row < models.items; row++) {
      shown_ += mayShow(row);
      if (dense && (!known(row) || !mayShow(row))) unknown_.push_back(row);
    }
  }

  /// Cases begin .. end of `chosen`, at most kAskBatch of them.
  void rank(size_t begin, size_t end) {
    if (options_.model == RankedBy::engine) return rankByEngine(begin, end);
    if (options_.model == RankedBy::factors) scoreByFactors(begin, end);
    if (options_.model == RankedBy::sequence) scoreBySequence(begin, end);
    if (options_.model == RankedBy::content) scoreByContent(begin, end);
    for (size_t i = begin; i < end; i++) {
      findSeen(i);
      if (options_.model == RankedBy::rules) {
        rankByRules(i);
      } else if (options_.model == RankedBy::sessions) {
        rankBySessions(i);
      } else {
        rankDense(i, scoresOf(i, i - begin));
      }
    }
  }

 private:
  const HistoryEvent* events(size_t i) const {
    return cases_.histories.events.data() + cases_.histories.offsets[chosen_[i]];
  }
  size_t eventCount(size_t i) const {
    return cases_.histories.offsets[chosen_[i] + 1] - cases_.histories.offsets[chosen_[i]];
  }

  bool known(uint32_t row) const {
    const bool byFactors = options_.model == RankedBy::factors || options_.model == RankedBy::attention;
    if (options_.model == RankedBy::content) return models_.contentOf(row) != nullptr;
    return byFactors ? models_.factors->has(row) : models_.seen(row);
  }

  bool mayShow(uint32_t row) const {
    return within_.empty() || ((within_[row >> 6].load(std::memory_order_relaxed) >> (row & 63)) & 1);
  }

  void findSeen(size_t i) {
    seen_.clear(models_.items);
    seenRows_.clear();
    if (options_.excludeSeen) {
      const HistoryEvent* history = events(i);
      for (size_t e = 0; e < eventCount(i); e++) {
        if (positive(history[e]) && seen_.add(history[e].row) && mayShow(history[e].row)) {
          seenRows_.push_back(history[e].row);
        }
      }
    }
    out_.eligible[i] = shown_ - static_cast<uint32_t>(seenRows_.size());
  }

  /// Fills the rank of every target of case i; `find` does it for one that got a score and returns false otherwise.
  template <typename Find>
  void rankTargets(size_t i, const Find& find) {
    const uint32_t eligible = out_.eligible[i];
    const uint32_t scored = out_.scored[i];
    for (uint64_t t = cases_.targetOffsets[chosen_[i]]; t < cases_.targetOffsets[chosen_[i] + 1]; t++) {
      TargetRank& rank = out_.ranks[rankOffsets_[i] + (t - cases_.targetOffsets[chosen_[i]])];
      const uint32_t target = cases_.targets[t];
      const bool shown = target < models_.items && !seen_.has(target) && mayShow(target);
      rank.recalled = shown && find(target, rank);
      if (rank.recalled) continue;
      rank.above = shown ? scored : eligible;
      rank.tied = shown ? eligible - scored - 1 : 0;
    }
  }

  void writeTop(size_t i) {
    if (options_.k == 0) return;
    const std::vector<ScoredRow>& best = top_.sorted();
    for (size_t r = 0; r < best.size(); r++) out_.top[i * options_.k + r] = best[r].row;
  }

  void rankByRules(size_t i) {
    const RulesModel& rules = *models_.rules;
    collectVotes(events(i), eventCount(i), models_.items, rules.decay, rules.maxEvents, scratch_->votes);
    scoreRules(rules, scratch_->votes, scratch_->rules);
    rankSparse(i, scratch_->rules);
  }

  void rankBySessions(size_t i) {
    const SessionsModel& sessions = *models_.sessions;
    collectVotes(events(i), eventCount(i), models_.items, sessions.decay, sessions.maxEvents, scratch_->votes);
    scoreSessions(sessions, scratch_->votes, scratch_->session, scratch_->sessions);
    rankSparse(i, scratch_->sessions);
  }

  void rankSparse(size_t i, const SparseScores& scores) {
    list_.clear();
    top_.reset(options_.k);
    for (uint32_t row : scores) {
      if (seen_.has(row) || !mayShow(row)) continue;
      list_.push_back(scores[row]);
      top_.offer(scores[row], row);
    }
    out_.scored[i] = static_cast<uint32_t>(list_.size());
    writeTop(i);
    rankTargets(i, [&](uint32_t target, TargetRank& rank) {
      const float score = scores[target];
      if (score > 0) rank = rankAmong(list_.data(), list_.size(), score);
      return score > 0;
    });
  }

  void scoreByFactors(size_t begin, size_t end) {
    const FactorsModel& factors = *models_.factors;
    const size_t dim = factors.dim;
    scratch_->factors.resize(kAskBatch * dim);
    for (size_t i = begin; i < end; i++) {
      collectVotes(events(i), eventCount(i), models_.items, factors.decay, factors.maxEvents, scratch_->votes);
      hasVector_[i - begin] =
          foldIn(factors, nullptr, scratch_->votes, scratch_->foldIn, scratch_->factors.data() + (i - begin) * dim);
    }
    scoreAll(scratch_->factors.data(), end - begin, factors.factors.data(), dim);
  }

  void scoreBySequence(size_t begin, size_t end) {
    const IntentEncoder& intents = *models_.intents;
    const size_t dim = intents.model().config.dim;
    scratch_->intents.resize(kAskBatch * dim);
    for (size_t i = begin; i < end; i++) {
      hasVector_[i - begin] =
          intents.encode(events(i), eventCount(i), scratch_->intent, scratch_->intents.data() + (i - begin) * dim);
    }
    scoreAll(scratch_->intents.data(), end - begin, intents.items(), dim);
  }

  void scoreByContent(size_t begin, size_t end) {
    const ContentModel& content = *models_.content;
    scratch_->contents.resize(kAskBatch * static_cast<size_t>(content.dim));
    for (size_t i = begin; i < end; i++) {
      hasVector_[i - begin] = shopperContent(content, nullptr, events(i), eventCount(i), scratch_->content,
                                             scratch_->contents.data() + (i - begin) * content.dim);
    }
    scoreAll(scratch_->contents.data(), end - begin, content.vectors.data(), content.dim);
  }

  /// dense_ = the inner products of `count` shoppers' vectors with every item's.
  void scoreAll(const float* queries, size_t count, const float* embeddings, size_t dim) {
    dense_.resize(kAskBatch * static_cast<size_t>(models_.items));
    kernels().batchF32(queries, dim, count, embeddings, dim, models_.items, dim, dense_.data(), models_.items);
  }

  /// Scores of every row for case i; null when the model has nothing to say about this history.
  float* scoresOf(size_t i, size_t slot) {
    if (options_.model == RankedBy::factors || options_.model == RankedBy::sequence ||
        options_.model == RankedBy::content) {
      return hasVector_[slot] ? dense_.data() + slot * models_.items : nullptr;
    }
    dense_.resize(models_.items);
    if (options_.model == RankedBy::popularity) {
      std::copy(models_.counts->popularity.begin(), models_.counts->popularity.end(), dense_.begin());
      return dense_.data();
    }
    if (!attend(models_, models_.attention, events(i), eventCount(i), scratch_->attended)) return nullptr;
    if (all_.empty()) {
      all_.resize(models_.items);
      std::iota(all_.begin(), all_.end(), 0u);
    }
    scoreAttention(models_, models_.attention, scratch_->attended, all_.data(), all_.size(), dense_.data());
    return dense_.data();
  }

  void rankDense(size_t i, float* scores) {
    top_.reset(options_.k);
    out_.scored[i] = 0;
    if (scores) {
      uint32_t scored = models_.items - static_cast<uint32_t>(unknown_.size());
      for (uint32_t row : unknown_) scores[row] = kNoScore;
      for (uint32_t row : seenRows_) {
        scored -= scores[row] != kNoScore;
        scores[row] = kNoScore;
      }
      out_.scored[i] = scored;
      for (uint32_t row = 0; options_.k > 0 && row < models_.items; row++) {
        if (scores[row] >= top_.threshold() && scores[row] != kNoScore) top_.offer(scores[row], row);
      }
    }
    writeTop(i);
    rankTargets(i, [&](uint32_t target, TargetRank& rank) {
      if (!scores || scores[target] == kNoScore) return false;
      rank = rankAmong(scores, models_.items, scores[target]);
      return true;
    });
  }

  void rankByEngine(size_t begin, size_t end) {
    asks_.clear();
    answers_.resize(kAskBatch);
    for (size_t i = begin; i < end; i++) {
      const uint32_t shown = std::max(options_.candidates, options_.k);
      Ask& ask = asks_.emplace_back(askOf(models_, cases_, chosen_[i], options_.excludeSeen, shown));
      ask.now = ask.eventCount > 0 ? ask.events[ask.eventCount - 1].at : 0;
      if (!within_.empty()) ask.eligible.words = within_.data();
      ask.k = shown;
    }
    answerBatch(models_, asks_.data(), asks_.size(), *scratch_, answers_.data());
    for (size_t i = begin; i < end; i++) {
      findSeen(i);
      const Answer& answer = answers_[i - begin];
      out_.scored[i] = static_cast<uint32_t>(answer.rows.size());
      std::copy_n(answer.rows.begin(), std::min<size_t>(options_.k, answer.rows.size()),
                  out_.top.begin() + i * options_.k);
      rankTargets(i, [&](uint32_t target, TargetRank& rank) {
        const auto place = std::find(answer.rows.begin(), answer.rows.end(), target);
        if (place == answer.rows.end()) return false;
        const double score = answer.scores[place - answer.rows.begin()];
        const auto descending = std::greater<double>();
        const auto range = std::equal_range(answer.scores.begin(), answer.scores.end(), score, descending);
        rank.above = static_cast<uint32_t>(range.first - answer.scores.begin());
        rank.tied = static_cast<uint32_t>(range.second - range.first) - 1;
        return true;
      });
    }
  }

  const ModelSet& models_;
  const Cases& cases_;
  const std::vector<uint32_t>& chosen_;
  const RankOptions& options_;
  const std::vector<uint64_t>& rankOffsets_;
  RankedCases& out_;
  ScratchPtr scratch_;
  std::vector<std::atomic<uint64_t>> within_;  // bit r: row r may be shown; empty: all
  uint32_t shown_ = 0;                         // how many may
  std::vector<uint32_t> unknown_;              // rows that the model has no score for
  RowSet seen_;
  std::vector<uint32_t> seenRows_;
  std::vector<float> list_;
  std::vector<float> dense_;
  std::vector<uint32_t> all_;
  std::array<bool, kAskBatch> hasVector_{};  // of the cases at hand, those whose shopper has one
  TopRows top_;
  std::vector<Ask> asks_;
  std::vector<Answer> answers_;
};

}  // namespace

RankedCases rankCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                      const RankOptions& options, Control& control) {
  const bool needsFactors = options.model == RankedBy::factors || options.model == RankedBy::attention;
  if ((options.model == RankedBy::rules && !models.rules) || (needsFactors && !models.factors) ||
      (options.model == RankedBy::sequence && !models.intents) ||
      (options.model == RankedBy::content && !models.content) ||
      (options.model == RankedBy::sessions && !models.sessions)) {
    throw Error(Status::invalidArgument, "These models lack the one that is to rank.");
  }
  if (options.k > kMaxK || options.candidates > kMaxCandidates) {
    throw Error(Status::invalidArgument, "k or candidates is out of range.");
  }
  RankedCases out;
  std::vector<uint64_t> rankOffsets{0};
  for (uint32_t c : chosen) {
    rankOffsets.push_back(rankOffsets.back() + (cases.targetOffsets[c + 1] - cases.targetOffsets[c]));
  }
  out.ranks.resize(rankOffsets.back());
  out.eligible.assign(chosen.size(), 0);
  out.scored.assign(chosen.size(), 0);
  out.top.assign(chosen.size() * options.k, kNoRow);
  std::vector<std::unique_ptr<Ranker>> rankers(std::max(1u, options.threads));
  parallelFor(options.threads, chosen.size(), kAskBatch, control, [&](size_t thread, size_t begin, size_t end) {
    if (!rankers[thread]) {
      rankers[thread] = std::make_unique<Ranker>(models, cases, chosen, options, rankOffsets, out);
    }
    rankers[thread]->rank(begin, end);
    control.advance(static_cast<double>(end - begin));
  });
  return out;
}

std::vector<CaseQuality> qualities(const RankedCases& ranked, const Cases& cases, const std::vector<uint32_t>& chosen) {
  std::vector<CaseQuality> out;
  out.reserve(chosen.size());
  const TargetRank* ranks = ranked.ranks.data();
  for (uint32_t c : chosen) {
    const size_t targets = cases.targetOffsets[c + 1] - cases.targetOffsets[c];
    out.push_back(qualityOf(ranks, targets));
    ranks += targets;
  }
  return out;
}

}  // namespace kairank

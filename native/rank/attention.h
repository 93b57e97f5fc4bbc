#pragma once
// Attention of a candidate over the shopper's last events: softmax over cosine similarities of item factors, biased
// by the weight and the age of an event (the local activation of DIN, Zhou et al. 2018, with a normalised softmax).

#include <vector>

#include "../state/candidates.h"
#include "../state/votes.h"

namespace kairank {

/// One shopper's events as keys, and working memory.
struct Attended {
  std::vector<Vote> votes;  // events with factors, newest first
  std::vector<float> keys;  // votes x dim, unit length; also the values
  std::vector<float> bias;  // votes
  std::vector<float> queries;
  std::vector<float> weights;
};

/// Fills keys and bias; false when no event has factors.
bool attend(const ModelSet& models, const AttentionModel& attention, const HistoryEvent* events, size_t count,
            Attended& attended);

/// scores[i] = <q, sum_j p_j k_j> for the unit factors q of rows[i], within [-1, 1]; 0 for a row without factors.
void scoreAttention(const ModelSet& models, const AttentionModel& attention, Attended& attended, const uint32_t* rows,
                    size_t count, float* scores);

/// Scores those candidates that have factors.
void scoreByAttention(const ModelSet& models, const AttentionModel& attention, Attended& attended,
                      Candidates& candidates);

/// attended.weights = rows x votes: p_j of each row (0 for a row without factors).
void attentionWeights(const ModelSet& models, const AttentionModel& attention, Attended& attended, const uint32_t* rows,
                      size_t count);

}  // namespace kairank

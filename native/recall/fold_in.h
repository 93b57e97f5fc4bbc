#pragma once
// A shopper's factors from a history: one row of the alternating least squares, solved at request time.

#include <vector>

#include "../state/models.h"
#include "../state/votes.h"

namespace kairank {

/// Working memory of the solver.
struct FoldInScratch {
  std::vector<uint32_t> ids;   // of the events to fold in
  std::vector<float> weights;  // and what they weigh
  std::vector<float> rows;     // some events x dim
  std::vector<float> scale;    // dim
  std::vector<float> matrix;
  std::vector<float> right;
  std::vector<float> work;
};

/// What a row is solved against: the other side's factors and gram, and the regularisation.
struct RowProblem {
  const float* factors;  // Y, row-major, dim columns
  const float* gram;     // dim x dim: alpha0 * Y^T Y
  bool diagonal;         // the gram is diagonal
  size_t dim;
  float lambda;
};

/// lambda of a row whose weights sum to `total`, against `others` rows (Rendle et al. 2021, eq. 14).
float rowLambda(float regularisation, float alpha0, float nu, double total, double others);

/// x = argmin sum_j w_j (1 - <x, y_j>)^2 + x^T gram x + lambda |x|^2 over the `count` rows ids[j] of Y, weights above 0
/// (Hu et al. 2008, eq. 4). A short list in a diagonal gram is solved in the space of its events, a small dim by
/// Cholesky, the rest by conjugate gradient until |residual| <= 1e-6 |right side|. Memory does not grow with `count`.
void solveRow(const RowProblem& problem, const uint32_t* ids, const float* weights, size_t count,
              FoldInScratch& scratch, float* x);

/// The factors of a shopper; false (x zero) when no vote names an item with factors.
bool foldIn(const FactorsModel& model, const std::vector<Vote>& votes, FoldInScratch& scratch, float* x);

}  // namespace kairank

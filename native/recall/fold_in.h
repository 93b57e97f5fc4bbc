#pragma once
// Factors without training: one row of the alternating least squares, solved when it is asked for. A shopper's from a
// history, a new item's from the shoppers who took it up.

#include <vector>

#include "../state/models.h"
#include "../state/votes.h"

namespace kairank {

/// Working memory of the solver.
struct FoldInScratch {
  std::vector<const float*> others;  // rows of the other side to fold in
  std::vector<float> weights;        // and what they weigh
  std::vector<float> rows;           // some of them x dim
  std::vector<float> scale;          // dim
  std::vector<float> matrix;
  std::vector<float> right;
  std::vector<float> work;
};

/// What a row is solved against: the gram of the other side's factors Y, and the regularisation.
struct RowProblem {
  const float* gram;  // dim x dim: alpha0 * Y^T Y
  bool diagonal;      // the gram is diagonal
  size_t dim;
  float lambda;
};

/// lambda of a row whose weights sum to `total`, against `others` rows (Rendle et al. 2021, eq. 14).
float rowLambda(float regularisation, float alpha0, float nu, double total, double others);

/// x = argmin sum_j w_j (1 - <x, y_j>)^2 + x^T gram x + lambda |x|^2 over `count` rows y_j of Y, weights above 0 (Hu et
/// al. 2008, eq. 4). A short list in a diagonal gram is solved in the space of its entries, a small dim by Cholesky,
/// the rest by conjugate gradient until |residual| <= 1e-6 |right side|. Memory does not grow with `count`.
void solveRow(const RowProblem& problem, const float* const* rows, const float* weights, size_t count,
              FoldInScratch& scratch, float* x);

/// The same with wanted products `wants` in place of ones, for a gram that is not diagonal.
void solveRowFor(const RowProblem& problem, const float* const* rows, const float* weights, const float* wants,
                 size_t count, FoldInScratch& scratch, float* x);

/// The factors of a shopper; false (x zero) when no vote names an item with factors. Newcomers count like others where
/// there are any; null: there are none.
bool foldIn(const FactorsModel& model, const Newcomers* newcomers, const std::vector<Vote>& votes,
            FoldInScratch& scratch, float* x);

/// The factors of an item from those of `count` shoppers (dim floats each) and what their events of it weigh, as an
/// epoch of training would solve it. With a prior y0 (dim floats), what else is known of it, the loss pulls towards
/// that in place of zero: y0 without shoppers, and less of it with every one. Only where the model has the users' gram.
void foldInItem(const FactorsModel& model, const float* const* shoppers, const float* weights, size_t count,
                const float* prior, FoldInScratch& scratch, float* x);

}  // namespace kairank

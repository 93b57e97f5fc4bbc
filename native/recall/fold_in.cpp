#include "fold_in.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../dispatch/dispatch.h"
#include "cholesky.h"

namespace kairank {

namespace {

constexpr size_t kCholeskyDim = 256;  // above it conjugate gradient needs fewer operations
constexpr size_t kGathered = 256;     // rows that are copied together at a time

void gather(const float* const* from, size_t count, size_t dim, std::vector<float>& rows) {
  rows.resize(count * dim);
  for (size_t j = 0; j < count; j++) std::copy_n(from[j], dim, rows.data() + j * dim);
}

/// With D = gram + lambda diagonal and B = sqrt(W) Y D^-1/2: x = D^-1/2 B^T (I + B B^T)^-1 sqrt(w), the push-through
/// identity of (D + Y^T W Y)^-1 Y^T w. A system of the size of the history, not of the factors.
void solveByEvents(const RowProblem& problem, const float* const* others, const float* weights, size_t count,
                   FoldInScratch& scratch, float* x) {
  const size_t dim = problem.dim;
  gather(others, count, dim, scratch.rows);
  float* rows = scratch.rows.data();
  scratch.scale.resize(dim);
  for (size_t d = 0; d < dim; d++) scratch.scale[d] = 1 / std::sqrt(problem.gram[d * dim + d] + problem.lambda);
  scratch.right.resize(count);
  for (size_t j = 0; j < count; j++) {
    const float root = scratch.right[j] = std::sqrt(weights[j]);
    for (size_t d = 0; d < dim; d++) rows[j * dim + d] *= root * scratch.scale[d];
  }
  scratch.matrix.resize(count * count);
  kernels().batchF32(rows, dim, count, rows, dim, count, dim, scratch.matrix.data(), count);
  for (size_t j = 0; j < count; j++) scratch.matrix[j * count + j] += 1;
  scratch.work.resize(count);
  cholesky(scratch.matrix.data(), count, scratch.work.data());
  solveCholesky(scratch.matrix.data(), count, scratch.right.data());
  std::fill(x, x + dim, 0.0f);
  for (size_t j = 0; j < count; j++) kernels().axpyF32(scratch.right[j], rows + j * dim, x, dim);
  for (size_t d = 0; d < dim; d++) x[d] *= scratch.scale[d];
}

void solveByCholesky(const RowProblem& problem, const float* const* others, const float* weights, const float* wants,
                     size_t count, FoldInScratch& scratch, float* x) {
  const size_t dim = problem.dim;
  scratch.matrix.assign(problem.gram, problem.gram + dim * dim);
  for (size_t d = 0; d < dim; d++) scratch.matrix[d * dim + d] += problem.lambda;
  std::fill(x, x + dim, 0.0f);
  for (size_t first = 0; first < count; first += kGathered) {
    const size_t size = std::min(kGathered, count - first);
    gather(others + first, size, dim, scratch.rows);
    kernels().gramF32(scratch.rows.data(), dim, weights + first, size, dim, scratch.matrix.data(), dim);
    for (size_t j = 0; j < size; j++) {
      const float want = wants ? wants[first + j] : 1;
      kernels().axpyF32(weights[first + j] * want, scratch.rows.data() + j * dim, x, dim);
    }
  }
  scratch.work.resize(dim);
  cholesky(scratch.matrix.data(), dim, scratch.work.data());
  solveCholesky(scratch.matrix.data(), dim, x);
}

double dot(const float* a, const float* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

/// Conjugate gradient on (gram + lambda I + Y^T W Y) x = Y^T w, preconditioned by the diagonal of the first two terms
/// (Takács et al. 2011).
void solveByGradient(const RowProblem& problem, const float* const* others, const float* weights, const float* wants,
                     size_t count, FoldInScratch& scratch, float* x) {
  const size_t dim = problem.dim;
  scratch.right.assign(4 * dim, 0.0f);
  float* residual = scratch.right.data();
  float* direction = residual + dim;
  float* product = direction + dim;
  float* conditioned = product + dim;
  for (size_t j = 0; j < count; j++) {
    kernels().axpyF32(weights[j] * (wants ? wants[j] : 1), others[j], residual, dim);
  }
  std::fill(x, x + dim, 0.0f);
  const auto precondition = [&] {
    for (size_t d = 0; d < dim; d++) conditioned[d] = residual[d] / (problem.gram[d * dim + d] + problem.lambda);
  };
  precondition();
  std::copy(conditioned, conditioned + dim, direction);
  double energy = dot(residual, conditioned, dim);
  const double enough = 1e-12 * dot(residual, residual, dim);
  for (size_t step = 0; step < 2 * dim && dot(residual, residual, dim) > enough; step++) {
    if (problem.diagonal) {
      for (size_t d = 0; d < dim; d++) product[d] = problem.gram[d * dim + d] * direction[d];
    } else {
      kernels().dotF32(direction, problem.gram, dim, dim, dim, product);
    }
    kernels().axpyF32(problem.lambda, direction, product, dim);
    for (size_t j = 0; j < count; j++) {
      float along;
      kernels().dotF32(direction, others[j], dim, 1, dim, &along);
      kernels().axpyF32(weights[j] * along, others[j], product, dim);
    }
    const double curvature = dot(direction, product, dim);
    if (!(curvature > 0)) break;
    const float length = static_cast<float>(energy / curvature);
    kernels().axpyF32(length, direction, x, dim);
    kernels().axpyF32(-length, product, residual, dim);
    precondition();
    const double next = dot(residual, conditioned, dim);
    const float turn = static_cast<float>(next / energy);
    for (size_t d = 0; d < dim; d++) direction[d] = conditioned[d] + turn * direction[d];
    energy = next;
  }
}

}  // namespace

float rowLambda(float regularisation, float alpha0, float nu, double total, double others) {
  return static_cast<float>(regularisation * std::pow(total + alpha0 * others, static_cast<double>(nu)));
}

void solveRow(const RowProblem& problem, const float* const* others, const float* weights, size_t count,
              FoldInScratch& scratch, float* x) {
  if (problem.diagonal && count < problem.dim && count <= kCholeskyDim) {
    solveByEvents(problem, others, weights, count, scratch, x);
  } else {
    solveRowFor(problem, others, weights, nullptr, count, scratch, x);
  }
}

void solveRowFor(const RowProblem& problem, const float* const* others, const float* weights, const float* wants,
                 size_t count, FoldInScratch& scratch, float* x) {
  if (problem.dim <= kCholeskyDim) {
    solveByCholesky(problem, others, weights, wants, count, scratch, x);
  } else {
    solveByGradient(problem, others, weights, wants, count, scratch, x);
  }
}

bool foldIn(const FactorsModel& model, const Newcomers* newcomers, const std::vector<Vote>& votes,
            FoldInScratch& scratch, float* x) {
  scratch.others.clear();
  scratch.weights.clear();
  double total = 0;
  for (const Vote& vote : votes) {
    const float* factors = model.has(vote.row) ? model.factors.data() + static_cast<size_t>(vote.row) * model.dim
                           : newcomers         ? newcomers->factorsOf(vote.row)
                                               : nullptr;
    if (!factors) continue;
    scratch.others.push_back(factors);
    scratch.weights.push_back(vote.weight);
    total += vote.weight;
  }
  if (scratch.others.empty()) {
    std::fill(x, x + model.dim, 0.0f);
    return false;
  }
  const float lambda = rowLambda(model.regularisation, model.alpha0, model.nu, total, model.items);
  const RowProblem problem{model.gram.data(), model.diagonal, model.dim, lambda};
  solveRow(problem, scratch.others.data(), scratch.weights.data(), scratch.others.size(), scratch, x);
  return true;
}

void foldInItem(const FactorsModel& model, const float* const* shoppers, const float* weights, size_t count,
                const float* prior, FoldInScratch& scratch, float* x) {
  const double total = std::accumulate(weights, weights + count, 0.0);
  const float lambda = rowLambda(model.regularisation, model.alpha0, model.nu, total, model.users);
  const RowProblem problem{model.userGram.data(), false, model.dim, lambda};
  if (!prior) return solveRow(problem, shoppers, weights, count, scratch, x);
  // With y = y0 + d, what is missing in <x_u, y0> is wanted of d, and d is pulled to zero.
  std::vector<float> wants(count);
  for (size_t j = 0; j < count; j++) {
    kernels().dotF32(shoppers[j], prior, model.dim, 1, model.dim, &wants[j]);
    wants[j] = 1 - wants[j];
  }
  solveRowFor(problem, shoppers, weights, wants.data(), count, scratch, x);
  kernels().axpyF32(1, prior, x, model.dim);
}

}  // namespace kairank

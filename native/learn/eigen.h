#pragma once
// Eigenvectors of a small symmetric matrix.

#include <cstddef>
#include <vector>

namespace kairank {

/// a (n x n, symmetric, row-major) = V^T diag(values) V with the eigenvectors in the rows of `vectors`, in no order.
/// Cyclic Jacobi in double precision: off-diagonal entries end below 1e-9 of the geometric mean of their diagonals. A
/// matrix that is nearly diagonal already costs little.
void symmetricEigen(std::vector<double> a, size_t n, std::vector<double>& values, std::vector<double>& vectors);

}  // namespace kairank

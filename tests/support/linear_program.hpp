// A small linear program solver that shares nothing with the library: the dense simplex method with Bland's rule, which
// cannot cycle, in long double.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

namespace testing {

/// max c . x subject to A x <= b and x free.
struct LinearProgram {
  std::vector<long double> objective;
  std::vector<std::vector<long double>> rows;
  std::vector<long double> bounds;

  void add(std::vector<long double> row, long double bound) {
    rows.push_back(std::move(row));
    bounds.push_back(bound);
  }
};

enum class ProgramStatus { optimal, infeasible, unbounded };

struct ProgramResult {
  ProgramStatus status = ProgramStatus::optimal;
  long double value = 0;
  std::vector<long double> solution;
};

/// Two phases on x = u - v with u, v >= 0 and a slack for each row.
inline ProgramResult solve(const LinearProgram& program) {
  constexpr long double tiny = 1e-13L;
  const std::size_t n = program.objective.size(), m = program.rows.size(), columns = 2 * n + m + 1;
  std::vector<std::vector<long double>> table(m, std::vector<long double>(columns + 1, 0));
  std::vector<std::size_t> basis(m);
  const std::size_t artificial = columns - 1;
  std::size_t lowest = m;
  for (std::size_t r = 0; r < m; ++r) {
    for (std::size_t c = 0; c < n; ++c) {
      table[r][c] = program.rows[r][c];
      table[r][n + c] = -program.rows[r][c];
    }
    table[r][2 * n + r] = 1;
    table[r][artificial] = -1;
    table[r][columns] = program.bounds[r];
    basis[r] = 2 * n + r;
    if (program.bounds[r] < -tiny && (lowest == m || program.bounds[r] < program.bounds[lowest])) lowest = r;
  }
  const auto pivot = [&](std::size_t row, std::size_t column, std::vector<long double>& cost) {
    const long double factor = table[row][column];
    for (auto& entry : table[row]) entry /= factor;
    const auto clear = [&](std::vector<long double>& other) {
      const long double share = other[column];
      if (share == 0) return;
      for (std::size_t c = 0; c <= columns; ++c) other[c] -= share * table[row][c];
      other[column] = 0;
    };
    for (std::size_t r = 0; r < m; ++r)
      if (r != row) clear(table[r]);
    clear(cost);
    basis[row] = column;
  };
  const auto maximize = [&](std::vector<long double>& cost, std::size_t allowed) {
    for (;;) {
      std::size_t column = 0;
      while (column < allowed && cost[column] <= tiny) ++column;
      if (column == allowed) return true;
      std::size_t row = m;
      for (std::size_t r = 0; r < m; ++r) {
        if (table[r][column] <= tiny) continue;
        if (row == m) {
          row = r;
          continue;
        }
        const long double ratio = table[r][columns] / table[r][column], best = table[row][columns] / table[row][column];
        if (ratio < best - tiny || (ratio <= best + tiny && basis[r] < basis[row])) row = r;
      }
      if (row == m) return false;
      pivot(row, column, cost);
    }
  };
  ProgramResult result;
  if (lowest < m) {
    std::vector<long double> cost(columns + 1, 0);
    cost[artificial] = -1;
    pivot(lowest, artificial, cost);
    maximize(cost, columns);
    for (std::size_t r = 0; r < m; ++r)
      if (basis[r] == artificial) {
        if (table[r][columns] > 1e-11L) {
          result.status = ProgramStatus::infeasible;
          return result;
        }
        std::size_t column = 0;
        while (column + 1 < columns && std::abs(table[r][column]) <= tiny) ++column;
        if (column + 1 < columns) pivot(r, column, cost);
      }
  }
  std::vector<long double> cost(columns + 1, 0);
  for (std::size_t c = 0; c < n; ++c) {
    cost[c] = program.objective[c];
    cost[n + c] = -program.objective[c];
  }
  for (std::size_t r = 0; r < m; ++r) {
    const long double share = cost[basis[r]];
    if (share == 0) continue;
    for (std::size_t c = 0; c <= columns; ++c) cost[c] -= share * table[r][c];
  }
  if (!maximize(cost, columns - 1)) {
    result.status = ProgramStatus::unbounded;
    return result;
  }
  result.value = -cost[columns];
  std::vector<long double> values(columns, 0);
  for (std::size_t r = 0; r < m; ++r) values[basis[r]] = table[r][columns];
  for (std::size_t c = 0; c < n; ++c) result.solution.push_back(values[c] - values[n + c]);
  return result;
}

}  // namespace testing

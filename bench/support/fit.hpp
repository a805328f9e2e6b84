// lloyd() for points of any dimension, compiled once for all programs: fit_float.cpp and fit_double.cpp.
#pragma once

#include <kmscape/solve/lloyd.hpp>

namespace bench {

/// The engines by the number that stands for them in the name of a benchmark.
inline constexpr kmscape::Engine engines[] = {kmscape::Engine::automatic, kmscape::Engine::brute,
                                              kmscape::Engine::hamerly, kmscape::Engine::yinyang,
                                              kmscape::Engine::elkan};

}  // namespace bench

namespace kmscape {

extern template LloydResult<float> lloyd(const EmpiricalObjective<float>&, const Eigen::MatrixBase<Centers<float>>&,
                                         const LloydOptions&);
extern template LloydResult<float> lloyd(const EmpiricalObjective<float>&, const Eigen::MatrixBase<Centers<double>>&,
                                         const LloydOptions&);
extern template LloydResult<double> lloyd(const EmpiricalObjective<double>&, const Eigen::MatrixBase<Centers<double>>&,
                                          const LloydOptions&);

}  // namespace kmscape

#include "support/fit.hpp"

namespace kmscape {

template LloydResult<float> lloyd(const EmpiricalObjective<float>&, const Eigen::MatrixBase<Centers<float>>&,
                                  const LloydOptions&);
template LloydResult<float> lloyd(const EmpiricalObjective<float>&, const Eigen::MatrixBase<Centers<double>>&,
                                  const LloydOptions&);

}  // namespace kmscape

#include "support/fit.hpp"

namespace kmscape {

template LloydResult<double> lloyd(const EmpiricalObjective<double>&, const Eigen::MatrixBase<Centers<double>>&,
                                   const LloydOptions&);

}  // namespace kmscape

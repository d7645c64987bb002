package orders

import "log/slog"

// WarnOfShadow says, when a program starts, which operations of its policy are in
// shadow mode. What they would refuse is logged when it happens.
func WarnOfShadow(logger *slog.Logger, operations []string) {
	if len(operations) > 0 {
		logger.Warn("shadow mode: tokens with too little scope are let in", "operations", operations)
	}
}

package orders_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
)

func TestWarnOfShadow(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	if orders.WarnOfShadow(logger, nil); log.Len() > 0 {
		t.Errorf("nothing is in shadow: %s", log.String())
	}
	orders.WarnOfShadow(logger, []string{"orders.get"})
	if !strings.Contains(log.String(), `level=WARN`) || !strings.Contains(log.String(), "operations=[orders.get]") {
		t.Errorf("log %s", log.String())
	}
}

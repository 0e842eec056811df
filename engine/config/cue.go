package config

import "context"

func (l *loader) evaluateCUE(ctx context.Context) error { return nil }

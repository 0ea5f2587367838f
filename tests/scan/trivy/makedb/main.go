// Makes a small vulnerability database for the tests, in the form that Trivy reads: makedb DIR UPDATED-AT.
package main

import (
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/aquasecurity/trivy-db/pkg/db"
	"github.com/aquasecurity/trivy-db/pkg/metadata"
	"github.com/aquasecurity/trivy-db/pkg/types"
	bolt "go.etcd.io/bbolt"
)

const npm = "npm::GitHub Security Advisory Npm"
const alpine = "alpine 3.20"

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func fill(tx *bolt.Tx) error {
	config := db.Config{}
	check(config.PutDataSource(tx, npm, types.DataSource{ID: "ghsa", Name: "the tests"}))
	check(config.PutDataSource(tx, alpine, types.DataSource{ID: "alpine", Name: "the tests"}))
	for _, id := range []string{"CVE-2099-0001", "CVE-2099-0002"} {
		check(config.PutAdvisory(tx, []string{npm, "left-pad"}, id,
			types.Advisory{VulnerableVersions: []string{"<1.3.0"}, PatchedVersions: []string{"1.3.0"}}))
	}
	check(config.PutAdvisory(tx, []string{npm, "never-fixed"}, "CVE-2099-0003",
		types.Advisory{VulnerableVersions: []string{">=0.0.0"}}))
	check(config.PutAdvisory(tx, []string{alpine, "busybox"}, "CVE-2099-0004",
		types.Advisory{FixedVersion: "1.36.1-r99"}))
	severities := map[string]types.Severity{
		"CVE-2099-0001": types.SeverityHigh, "CVE-2099-0002": types.SeverityMedium,
		"CVE-2099-0003": types.SeverityCritical, "CVE-2099-0004": types.SeverityLow,
	}
	for id, severity := range severities {
		check(config.PutVulnerability(tx, id, types.Vulnerability{
			Title: "made for a test", Description: "Nothing is wrong with it.", Severity: severity.String(),
			References: []string{"https://example.org/" + id},
		}))
	}
	return nil
}

func main() {
	dir := filepath.Join(os.Args[1], "db")
	updated, err := time.Parse(time.RFC3339, os.Args[2])
	check(err)
	check(os.MkdirAll(dir, 0o755))
	check(db.Init(dir))
	check(db.Config{}.BatchUpdate(fill))
	check(db.Close())
	check(metadata.NewClient(dir).Update(metadata.Metadata{
		Version: db.SchemaVersion, NextUpdate: updated.Add(24 * time.Hour), UpdatedAt: updated, DownloadedAt: updated,
	}))
}

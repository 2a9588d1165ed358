package schemas

import (
	"regexp"
	"strconv"
	"strings"
)

// DatasetName is the name of the dataset that a contract version is about: that of its topic, tables
// and views. Versions of one major version share a dataset; a new major version has one of its own
// beside the old, named <id>_v<major>, so that both live until the old one is retired.
// For id the name of such a dataset will do too.
func DatasetName(id, contractVersion string) string {
	v, ok := parseVersion(contractVersion)
	if !ok || v.major < 2 || id == "" {
		return id
	}
	suffix := "_v" + strconv.Itoa(v.major)
	return strings.TrimSuffix(id, suffix) + suffix
}

// ContractID is the ODCS id of the contract version that [DatasetName] named dataset.
func ContractID(dataset, contractVersion string) string {
	if v, ok := parseVersion(contractVersion); ok && v.major >= 2 {
		return strings.TrimSuffix(dataset, "_v"+strconv.Itoa(v.major))
	}
	return dataset
}

// majorForm is the end of a name that DatasetName makes.
var majorForm = regexp.MustCompile(`_v[0-9]+$`)

// datasetID reads the ODCS id of a contract. One that ends like the dataset of a major version would
// be mistaken for it.
func (o object) datasetID(key string) string {
	id := o.form(key, datasetForm, datasetSay)
	if end := majorForm.FindString(id); end != "" {
		o.fault(key, sayf("%q diakhiri %s, yang berarti versi mayor; nyatakan itu di version", "%q ends with %s, which means a major version; state that in version", id, end),
			id[:len(id)-len(end)])
		return ""
	}
	return id
}

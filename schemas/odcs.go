package schemas

// contractShape is the keys of an ODCS v3.1.0 document. Parts that satudata reads nothing from
// (servers, team, …) are accepted as the standard has them.
func contractShape() shape {
	custom := shape{"id": nil, "property": nil, "value": nil, "description": nil}
	authority := shape{"id": nil, "url": nil, "type": nil, "description": nil}
	role := shape{"id": nil, "role": nil, "description": nil, "access": nil, "firstLevelApprovers": nil,
		"secondLevelApprovers": nil, "customProperties": custom}
	return shape{
		"apiVersion": nil, "kind": nil, "id": nil, "name": nil, "version": nil, "status": nil, "domain": nil,
		"tenant": nil, "dataProduct": nil, "contractCreatedTs": nil, "slaDefaultElement": nil, "tags": nil,
		"servers": nil, "team": nil, "roles": role, "customProperties": custom, "authoritativeDefinitions": authority,
		"description": {"purpose": nil, "limitations": nil, "usage": nil, "authoritativeDefinitions": authority,
			"customProperties": custom},
		"price": {"id": nil, "priceAmount": nil, "priceCurrency": nil, "priceUnit": nil},
		"support": {"id": nil, "channel": nil, "url": nil, "description": nil, "tool": nil, "scope": nil,
			"invitationUrl": nil, "customProperties": custom},
		"slaProperties": {"id": nil, "property": nil, "value": nil, "valueExt": nil, "unit": nil, "element": nil,
			"driver": nil, "description": nil, "scheduler": nil, "schedule": nil},
		"schema": tableShape(custom, authority),
	}
}

// tableShape is the keys of an entry of schema, with its properties.
func tableShape(custom, authority shape) shape {
	quality := qualityShape(custom, authority)
	element := func(more shape) shape {
		s := shape{"id": nil, "name": nil, "physicalType": nil, "description": nil, "businessName": nil, "tags": nil,
			"physicalName": nil, "logicalType": nil, "authoritativeDefinitions": authority, "customProperties": custom,
			"quality": quality, "relationships": nil}
		for k, v := range more {
			s[k] = v
		}
		return s
	}
	property := element(shape{
		"logicalTypeOptions": {"minimum": nil, "maximum": nil, "exclusiveMinimum": nil, "exclusiveMaximum": nil,
			"multipleOf": nil, "minLength": nil, "maxLength": nil, "pattern": nil, "format": nil, "timezone": nil,
			"defaultTimezone": nil, "maxItems": nil, "minItems": nil, "uniqueItems": nil, "maxProperties": nil,
			"minProperties": nil, "required": nil},
		"primaryKey": nil, "primaryKeyPosition": nil, "required": nil, "unique": nil, "partitioned": nil,
		"partitionKeyPosition": nil, "classification": nil, "encryptedName": nil, "transformSourceObjects": nil,
		"transformLogic": nil, "transformDescription": nil, "examples": nil, "criticalDataElement": nil,
		"properties": nil, "items": nil,
	})
	return element(shape{"dataGranularityDescription": nil, "properties": property})
}

func qualityShape(custom, authority shape) shape {
	return shape{
		"id": nil, "name": nil, "type": nil, "metric": nil, "rule": nil, "arguments": nil, "query": nil, "engine": nil,
		"implementation": nil, "description": nil, "dimension": nil, "method": nil, "schedule": nil, "scheduler": nil,
		"severity": nil, "businessImpact": nil, "unit": nil, "tags": nil, "customProperties": custom,
		"authoritativeDefinitions": authority, "mustBe": nil, "mustNotBe": nil, "mustBeGreaterThan": nil,
		"mustBeGreaterOrEqualTo": nil, "mustBeLessThan": nil, "mustBeLessOrEqualTo": nil, "mustBeBetween": nil,
		"mustNotBeBetween": nil,
	}
}

"""How to make a ServiceNow instance send: the business rule that we publish."""

SCRIPT = """\
// Business rule "Tollgate": table incident (and change_request, sc_req_item, ...),
// when: async, insert, update and delete. System properties:
//   tollgate.url     https://tollgate.example/v1/sources/<source>/events
//   tollgate.secret  the signing secret of the source
(function executeRule(current, previous) {
    var fields = {};
    var names = new GlideRecordUtil().getFields(current);
    for (var i = 0; i < names.length; i++) {
        var element = current.getElement(names[i]);
        var reference = String(element.getED().getInternalType()) === 'reference';
        fields[names[i]] = reference
            ? {value: current.getValue(names[i]) || '', display_value: element.getDisplayValue()}
            : (current.getValue(names[i]) || '');
    }
    var body = JSON.stringify({
        event: String(current.operation()),
        sys_id: current.getUniqueValue(),
        number: current.getValue('number'),
        table: current.getTableName(),
        sys_mod_count: current.getValue('sys_mod_count'),
        sys_updated_on: current.getValue('sys_updated_on'),
        fields: fields
    });
    var time = String(Math.floor(new GlideDateTime().getNumericValue() / 1000));
    var key = GlideStringUtil.base64Encode(gs.getProperty('tollgate.secret'));
    var mac = new GlideCertificateEncryption().generateMac(key, 'HmacSHA256', time + '.' + body);
    var request = new sn_ws.RESTMessageV2();
    request.setEndpoint(gs.getProperty('tollgate.url'));
    request.setHttpMethod('POST');
    request.setRequestHeader('Content-Type', 'application/json');
    request.setRequestHeader('X-Tollgate-Timestamp', time);
    request.setRequestHeader('X-Tollgate-Signature', 'sha256=' + mac);
    request.setRequestBody(body);
    request.executeAsync();
})(current, previous);
"""
GUIDE = (
    "ServiceNow sends no webhooks of its own: make a business rule with the script below. It"
    " signs `<time>.<body>` with HMAC-SHA256 and sends the MAC as X-Tollgate-Signature (sha256=,"
    " base64 or hex) and the time as X-Tollgate-Timestamp. Where the MAC helper is not allowed,"
    " choose the scheme secret_header and send the secret as X-Webhook-Secret. The Table API's"
    " records are read as well, in all display forms, and can be pulled:"
    " PUT /v1/sources/{source}/pull.\n\n" + SCRIPT
)
